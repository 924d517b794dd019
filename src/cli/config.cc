#include "cli/config.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/config_file.h"
#include "cli/quantity.h"
#include "cli/secret.h"

namespace qlake::cli {
namespace {

constexpr const char* kFileName = "qlake.toml";

std::string FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// Empty: there is none.
std::string FindConfigFile(const std::map<std::string, std::string>& flags, const std::string& config_path) {
  if (!config_path.empty()) return config_path;
  if (std::filesystem::exists(kFileName)) return kFileName;
  auto flag = flags.find("project");
  std::string project = flag != flags.end() ? flag->second : FromEnvironment(FindSetting("project").environment);
  if (project.empty()) return "";
  std::filesystem::path in_project = std::filesystem::path(project) / kFileName;
  return std::filesystem::exists(in_project) ? in_project.string() : "";
}

}  // namespace

Config Config::Resolve(const std::map<std::string, std::string>& flags, const std::string& config_path) {
  Config config;
  for (const auto& spec : AllSettings()) config.values_[spec.key] = {spec.default_text, std::nullopt, "default"};
  std::string file = FindConfigFile(flags, config_path);
  if (!file.empty()) {
    for (auto& [key, value] : ReadConfigFile(file)) config.values_[key] = std::move(value);
  }
  for (const auto& spec : AllSettings()) {
    std::string given = FromEnvironment(spec.environment);
    if (!given.empty()) config.values_[spec.key] = {given, std::nullopt, spec.environment};
    if (auto flag = flags.find(spec.key); flag != flags.end()) {
      config.values_[spec.key] = {flag->second, std::nullopt, spec.flag};
    }
    CheckSetting(spec, config.values_[spec.key]);
  }
  return config;
}

const SettingValue& Config::Value(std::string_view key) const {
  auto found = values_.find(key);
  QLAKE_CHECK(found != values_.end());
  return found->second;
}

SettingValue Config::Resolved(std::string_view key) const {
  SettingValue value = Value(key);
  if (!value.reference) return value;
  SettingValue resolved = {ResolveSecret(*value.reference, value.origin), std::nullopt, value.origin};
  CheckSetting(FindSetting(key), resolved);
  return resolved;
}

std::string Config::Text(std::string_view key) const { return Resolved(key).text; }

uint64_t Config::SizeBytes(std::string_view key) const { return ParseSize(Text(key)).value(); }

std::chrono::milliseconds Config::Duration(std::string_view key) const { return ParseDuration(Text(key)).value(); }

base::LogLevel Config::LogLevel() const {
  const std::map<std::string, base::LogLevel> levels = {{"debug", base::LogLevel::kDebug},
                                                        {"info", base::LogLevel::kInfo},
                                                        {"warn", base::LogLevel::kWarn},
                                                        {"error", base::LogLevel::kError},
                                                        {"off", base::LogLevel::kOff}};
  return levels.at(Text("log.level"));
}

}  // namespace qlake::cli
