#include "cli/config_file.h"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/secret.h"

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

bool IsSection(const std::string& key) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key.starts_with(key + ".")) return true;
  }
  return false;
}

std::string SectionOf(const std::string& key) { return key.substr(0, key.rfind('.') + 1); }
std::string NameIn(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// What stands beside a key: the keys of its section, or those of the top and the sections.
std::vector<std::string> Neighbours(const std::string& key) {
  std::vector<std::string> names;
  for (const auto& definition : SettingDefinitions()) {
    std::string section = SectionOf(definition.key);
    std::string name = section == SectionOf(key) ? definition.key : "[" + section.substr(0, section.size() - 1) + "]";
    bool is_beside = section == SectionOf(key) || SectionOf(key).empty();
    if (is_beside && (names.empty() || names.back() != name)) names.push_back(name);
  }
  return names;
}

// What a key that is none most likely means: one a few letters away, or one of that name in another section.
std::string Suggest(const std::string& key, bool is_table) {
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) {
    keys.push_back(is_table ? definition.key.substr(0, definition.key.find('.')) : definition.key);
  }
  if (auto nearest = base::NearestName(key, keys)) return fmt::format(": did you mean {}?", *nearest);
  for (const auto& other : keys) {
    if (is_table || NameIn(other) != NameIn(key)) continue;
    std::string section = SectionOf(other);
    if (section.empty()) return fmt::format(": {} stands above the first [section]", other);
    return fmt::format(": {} stands below [{}]", NameIn(other), section.substr(0, section.size() - 1));
  }
  return fmt::format(": known are {}", fmt::join(Neighbours(key), ", "));
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
        throw base::InputError("unknown key {} at {}{}", key, Place(node), Suggest(key, node.is_table()));
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
    if (definition.type.is_secret) ThrowWrittenSecret(definition.key, node);
    setting.value = ReadScalar(definition, node);
    if (CarriesSecret(setting.value)) ThrowWrittenSecret(definition.key, node);
    if (definition.type.is_path && setting.value.find("://") == std::string::npos) {
      setting.value = FromFolderOfFile(setting.value);
    }
    return setting;
  }

  // As a variable or a flag would give it.
  std::string ReadScalar(const SettingDefinition& definition, const toml::node& node) const {
    using Form = SettingType::Form;
    Form form = definition.type.form;
    if (form == Form::kInteger && node.is_integer()) return std::to_string(*node.value<int64_t>());
    if (form == Form::kSwitch && node.is_boolean()) return *node.value<bool>() ? "true" : "false";
    if (form == Form::kText && node.is_string()) return *node.value<std::string>();
    const std::string& example = definition.default_value;
    std::string wanted = form == Form::kText ? "a text in quotes" : definition.type.wanted + " without quotes";
    if (!example.empty()) wanted += form == Form::kText ? ", such as \"" + example + "\"" : ", such as " + example;
    throw base::InputError("{} at {} must be {}", definition.key, Place(node), wanted);
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
