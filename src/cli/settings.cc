#include "cli/settings.h"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "cli/config_file.h"
#include "cli/quantity.h"

namespace qlake::cli {
namespace {

constexpr const char* kFileName = "qlake.toml";
constexpr const char* kDefault = "default";

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

void RequireTaken(const SettingDefinition& definition, const Setting& setting) {
  if (!definition.type.takes || definition.type.takes(setting.value)) return;
  std::string shown = setting.reference ? Describe(*setting.reference) : setting.value;
  throw base::InputError("{} ({}) must be {}: {}", definition.key, setting.origin, definition.type.wanted, shown);
}

base::LogLevel LogLevelOf(const std::string& text) {
  static const std::map<std::string, base::LogLevel> levels = {{"debug", base::LogLevel::kDebug},
                                                               {"info", base::LogLevel::kInfo},
                                                               {"warn", base::LogLevel::kWarn},
                                                               {"error", base::LogLevel::kError},
                                                               {"off", base::LogLevel::kOff}};
  return levels.at(text);
}

void FillIn(Settings& settings) {
  settings.project = settings.Text("project");
  settings.landing = settings.Text("landing");
  settings.lake = settings.Text("lake");
  settings.dump_folder = settings.Text("dump_dir");
  settings.memory_bytes = settings.Bytes("memory");
  // A part of a second of age counts as a whole one.
  settings.settle = std::chrono::ceil<std::chrono::seconds>(settings.Duration("settle"));
  settings.lease_wait = settings.Duration("lease_wait");
  settings.hdfs_retry_for = settings.Duration("hdfs.retry_for");
  settings.hdfs_lease = settings.Duration("hdfs.lease");
  settings.log_level = LogLevelOf(settings.Text("log.level"));
  settings.log_file = settings.Text("log.file");
}

}  // namespace

const std::string& Settings::Text(const std::string& key) const {
  auto found = all.find(key);
  QLAKE_CHECK(found != all.end());
  return found->second.value;
}

std::chrono::milliseconds Settings::Duration(const std::string& key) const {
  auto duration = ParseDuration(Text(key));
  QLAKE_CHECK(duration.has_value());
  return *duration;
}

uint64_t Settings::Bytes(const std::string& key) const {
  auto bytes = ParseSize(Text(key));
  QLAKE_CHECK(bytes.has_value());
  return *bytes;
}

int64_t Settings::Integer(const std::string& key) const {
  auto number = ParseInteger(Text(key));
  QLAKE_CHECK(number.has_value());
  return *number;
}

bool Settings::IsOn(const std::string& key) const { return Text(key) == "true"; }

bool Settings::IsDefault(const std::string& key) const { return all.at(key).origin == kDefault; }

std::string SecretOf(const Settings& settings, const std::string& key) {
  const Setting& setting = settings.all.at(key);
  return setting.reference ? ResolveSecret(*setting.reference, setting.origin) : setting.value;
}

std::string FindConfigFile(const std::map<std::string, std::string>& flags, const std::string& config_file) {
  if (!config_file.empty()) return config_file;
  if (std::filesystem::exists(kFileName)) return kFileName;
  auto flag = flags.find("project");
  auto project = flag != flags.end() ? flag->second : FromEnvironment(FindSetting("project")->environment());
  if (!project) return "";
  std::filesystem::path in_project = std::filesystem::path(*project) / kFileName;
  return std::filesystem::exists(in_project) ? in_project.string() : "";
}

Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file) {
  std::map<std::string, Setting> file;
  std::string path = FindConfigFile(flags, config_file);
  if (!path.empty()) file = ReadConfigFile(path);

  Settings settings;
  for (const auto& definition : SettingDefinitions()) {
    Setting& setting = settings.all[definition.key];
    setting = {definition.default_value, kDefault, std::nullopt};
    if (auto found = file.find(definition.key); found != file.end()) setting = found->second;
    std::string variable = definition.environment();
    if (auto value = FromEnvironment(variable)) {
      setting = {*value, variable, std::nullopt};
      if (definition.type.is_secret) {
        setting = {"", variable, SecretReference{SecretReference::Source::kEnvironment, variable}};
      }
    }
    if (auto found = flags.find(definition.key); found != flags.end()) {
      setting = {found->second, definition.flag, std::nullopt};
    }
    if (definition.type.is_secret) continue;
    if (setting.reference) setting.value = ResolveSecret(*setting.reference, setting.origin);
    RequireTaken(definition, setting);
  }
  FillIn(settings);
  return settings;
}

}  // namespace qlake::cli
