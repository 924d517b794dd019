#include "model/contract_reader.h"

#include <algorithm>

namespace qlake::model {

ContractReader::ContractReader(std::string path, const std::string& text) : path_(std::move(path)) {
  try {
    root_ = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw base::InputError("{}:{}: {}", path_, error.source().begin.line, error.description());
  }
}

void ContractReader::AllowOnly(const toml::table& table, std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : table) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
      Fail(value, "unknown key {}: known are {}", key.str(), fmt::join(keys, ", "));
    }
  }
}

std::optional<std::string> ContractReader::Text(const toml::table& table, std::string_view key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) Fail(*node, "{} must be a text in quotes", key);
  return *node->value<std::string>();
}

bool ContractReader::Flag(const toml::table& table, std::string_view key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return false;
  if (!node->is_boolean()) Fail(*node, "{} must be true or false", key);
  return *node->value<bool>();
}

std::vector<std::string> ContractReader::Texts(const toml::table& table, std::string_view key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_array()) Fail(*node, "{} must be an array of texts", key);
  std::vector<std::string> texts;
  for (const auto& element : *node->as_array()) {
    if (!element.is_string()) Fail(element, "{} must hold texts only", key);
    texts.push_back(*element.value<std::string>());
  }
  return texts;
}

}  // namespace qlake::model
