#include "cli/config_file.h"

#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/secret.h"

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> KnownKeys() {
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  return keys;
}

bool IsSection(const std::string& key) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key.starts_with(key + ".")) return true;
  }
  return false;
}

class ConfigFileParser {
 public:
  explicit ConfigFileParser(std::string path) : path_(std::move(path)) {}

  std::map<std::string, Setting> Parse(std::string_view text) {
    try {
      ReadTable(toml::parse(text), "");
    } catch (const toml::parse_error& error) {
      throw base::InputError("{}:{}: {}", path_, error.source().begin.line, error.description());
    }
    return std::move(settings_);
  }

 private:
  std::string Place(const toml::node& node) const { return fmt::format("{}:{}", path_, node.source().begin.line); }

  void ReadTable(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      std::string key = prefix + std::string(name.str());
      if (NamesSecret(name.str()) && !node.is_table()) ThrowWrittenSecret(key, node);
      if (node.is_table() && IsSection(key)) {
        ReadTable(*node.as_table(), key + ".");
      } else if (const SettingDefinition* definition = FindSetting(key)) {
        settings_[key] = ReadValue(*definition, node);
      } else {
        throw base::InputError("unknown key {} at {}{}", key, Place(node), base::SuggestName(key, KnownKeys()));
      }
    }
  }

  Setting ReadValue(const SettingDefinition& definition, const toml::node& node) const {
    Setting setting;
    setting.origin = Place(node);
    if (const auto* table = node.as_table()) {
      setting.reference = ReadReference(definition.key, *table);
      return setting;
    }
    if (!node.is_string()) {
      throw base::InputError("{} at {} must be a text in quotes, such as \"{}\"", definition.key, Place(node),
                             definition.default_value);
    }
    setting.value = *node.value<std::string>();
    if (CarriesSecret(setting.value)) ThrowWrittenSecret(definition.key, node);
    if (definition.is_path && setting.value.find("://") == std::string::npos) {
      setting.value = FromFolderOfFile(setting.value);
    }
    return setting;
  }

  SecretReference ReadReference(const std::string& key, const toml::table& table) const {
    using Source = SecretReference::Source;
    const std::pair<const char*, Source> sources[] = {
        {"env", Source::kEnvironment}, {"file", Source::kFile}, {"command", Source::kCommand}};
    for (const auto& [name, source] : sources) {
      auto text = table[name].value<std::string>();
      if (!text || table.size() != 1) continue;
      return {source, source == Source::kFile ? FromFolderOfFile(*text) : *text};
    }
    throw base::InputError(
        "{} at {} must be a text, {{ env = \"NAME\" }}, {{ file = \"PATH\" }} or {{ command = \"...\" }}", key,
        Place(table));
  }

  // What was written is not repeated: logs would carry it on.
  [[noreturn]] void ThrowWrittenSecret(const std::string& key, const toml::node& node) const {
    throw base::InputError(
        "a secret must not stand in the file, write {} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }} or {{ command = "
        "\"...\" }}: "
        "{} at {}",
        key, key, Place(node));
  }

  // The file means the same wherever qlake is started.
  std::string FromFolderOfFile(const std::string& text) const {
    fs::path folder = fs::path(path_).parent_path();
    if (text.empty() || folder.empty()) return text;
    return (folder / text).lexically_normal().string();
  }

  std::string path_;
  std::map<std::string, Setting> settings_;
};

}  // namespace

std::map<std::string, Setting> ParseConfigFile(const std::string& path, std::string_view text) {
  return ConfigFileParser(path).Parse(text);
}

std::map<std::string, Setting> ReadConfigFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) throw base::InputError("cannot read the file of settings (--config): {}", path);
  return ParseConfigFile(path, text.str());
}

}  // namespace qlake::cli
