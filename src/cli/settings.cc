#include "cli/settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/error.h"

namespace qlake::cli {
namespace {

constexpr const char* kDefaultConfig = "qlake.toml";

struct Unit {
  std::string_view name;
  uint64_t factor;
};

template <size_t N>
std::optional<uint64_t> ParseWithUnit(const std::string& text, const Unit (&units)[N]) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& known : units) {
    if (unit != known.name) continue;
    uint64_t value = 0;
    if (__builtin_mul_overflow(number, known.factor, &value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

bool LooksSecret(const std::string& key) {
  for (const char* word : {"password", "secret", "token", "credential"}) {
    if (key.find(word) != std::string::npos) return true;
  }
  return false;
}

[[noreturn]] void RefuseKey(const std::string& file, const toml::node& node, const std::string& key) {
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  auto line = node.source().begin.line;
  if (LooksSecret(key)) {
    throw base::InputError("{}:{}: secrets do not stand in a config file, and no setting needs one: remove {}", file, line, key);
  }
  std::string nearest = NearestName(key, keys);
  throw base::InputError("{}:{}: unknown key {}: {}", file, line, key,
                         nearest.empty() ? fmt::format("known are {}", fmt::join(keys, ", "))
                                         : fmt::format("did you mean {}?", nearest));
}

// Every key of the file, those of tables as table.key.
void ReadTable(const toml::table& table, const std::string& prefix, const std::string& file,
               std::map<std::string, Setting>& found) {
  for (const auto& [name, node] : table) {
    std::string key = prefix + std::string(name.str());
    if (node.is_table() && !LooksSecret(key)) {
      ReadTable(*node.as_table(), key + ".", file, found);
      continue;
    }
    const auto& definitions = SettingDefinitions();
    auto known = std::find_if(definitions.begin(), definitions.end(), [&](const auto& d) { return d.key == key; });
    if (known == definitions.end()) RefuseKey(file, node, key);
    if (!node.is_string()) {
      throw base::InputError("{}:{}: {} must be a text in quotes, such as \"{}\"", file, node.source().begin.line, key,
                             known->default_value);
    }
    found[key] = {*node.value<std::string>(), fmt::format("{}:{}", file, node.source().begin.line)};
  }
}

std::map<std::string, Setting> ReadConfigFile(const std::string& path) {
  std::map<std::string, Setting> found;
  try {
    ReadTable(toml::parse_file(path), "", path, found);
  } catch (const toml::parse_error& error) {
    throw base::InputError("{}:{}: {}", path, error.source().begin.line, error.description());
  }
  return found;
}

[[noreturn]] void RefuseValue(const std::string& key, const Setting& setting, const std::string& wanted) {
  throw base::InputError("{} ({}) must be {}: {}", key, setting.origin, wanted, setting.value);
}

base::LogLevel ParseLogLevel(const Setting& setting) {
  static const std::map<std::string, base::LogLevel> levels = {{"debug", base::LogLevel::kDebug},
                                                               {"info", base::LogLevel::kInfo},
                                                               {"warn", base::LogLevel::kWarn},
                                                               {"error", base::LogLevel::kError},
                                                               {"off", base::LogLevel::kOff}};
  auto found = levels.find(setting.value);
  if (found == levels.end()) RefuseValue("log.level", setting, "debug, info, warn, error or off");
  return found->second;
}

void Interpret(Settings& settings) {
  auto& all = settings.all;
  settings.project = all["project"].value;
  settings.landing = all["landing"].value;
  settings.lake = all["lake"].value;
  settings.dump_folder = all["dump_dir"].value;
  settings.log_file = all["log.file"].value;
  settings.log_level = ParseLogLevel(all["log.level"]);
  if (settings.lake.empty()) RefuseValue("lake", all["lake"], "a folder");
  if (settings.lake.find("://") != std::string::npos) RefuseValue("lake", all["lake"], "a folder of the local disk in this version");
  if (all["engine"].value != "duckdb") RefuseValue("engine", all["engine"], "duckdb in this version");
  auto memory = ParseSize(all["memory"].value);
  if (!memory || *memory < (uint64_t{128} << 20)) RefuseValue("memory", all["memory"], "a size of at least 128MiB, such as 1GiB");
  settings.memory_bytes = *memory;
  auto settle = ParseDuration(all["settle"].value);
  if (!settle) RefuseValue("settle", all["settle"], "a duration such as 30s");
  settings.settle = std::chrono::duration_cast<std::chrono::seconds>(*settle);
  auto lease_wait = ParseDuration(all["lease_wait"].value);
  if (!lease_wait) RefuseValue("lease_wait", all["lease_wait"], "a duration such as 10s");
  settings.lease_wait = *lease_wait;
}

}  // namespace

const std::vector<SettingDefinition>& SettingDefinitions() {
  static const std::vector<SettingDefinition> definitions = {
      {"project", "QLAKE_PROJECT", "--project", "", "folder of a project written by qlake init (default: the built-in one)"},
      {"landing", "QLAKE_LANDING", "--landing", "landing", "landing zone: folder with a folder for each drop"},
      {"lake", "QLAKE_LAKE", "--lake", "lake", "folder of the lake"},
      {"dump_dir", "QLAKE_DUMP_DIR", "--dump-dir", "dump", "folder for the B2B files"},
      {"engine", "QLAKE_ENGINE", "--engine", "duckdb", "engine that computes: duckdb"},
      {"memory", "QLAKE_MEMORY", "--memory", "1GiB", "memory that the work may take"},
      {"settle", "QLAKE_SETTLE", "--settle", "0s", "leave files younger than that for the next time"},
      {"lease_wait", "QLAKE_LEASE_WAIT", "--lease-wait", "10s", "how long to wait for another writer of the lake"},
      {"log.level", "QLAKE_LOG_LEVEL", "--log-level", "warn", "debug, info, warn, error or off"},
      {"log.file", "QLAKE_LOG_FILE", "--log-file", "", "write the log there instead of to standard error"},
  };
  return definitions;
}

Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file) {
  std::map<std::string, Setting> file;
  if (!config_file.empty()) {
    file = ReadConfigFile(config_file);
  } else if (std::filesystem::exists(kDefaultConfig)) {
    file = ReadConfigFile(kDefaultConfig);
  }
  Settings settings;
  for (const auto& definition : SettingDefinitions()) {
    Setting setting{definition.default_value, "default"};
    if (auto found = file.find(definition.key); found != file.end()) setting = found->second;
    const char* environment = std::getenv(definition.environment.c_str());
    if (environment != nullptr && *environment != '\0') setting = {environment, definition.environment};
    if (auto found = flags.find(definition.key); found != flags.end()) setting = {found->second, definition.flag};
    settings.all[definition.key] = setting;
  }
  Interpret(settings);
  return settings;
}

std::optional<uint64_t> ParseSize(const std::string& text) {
  static constexpr Unit kUnits[] = {{"B", 1}, {"KB", 1000}, {"MB", 1000'000}, {"GB", 1000'000'000}, {"KiB", 1u << 10}, {"MiB", 1u << 20},
                                    {"GiB", 1u << 30}, {"TiB", uint64_t{1} << 40}};
  return ParseWithUnit(text, kUnits);
}

std::optional<std::chrono::milliseconds> ParseDuration(const std::string& text) {
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  auto milliseconds = ParseWithUnit(text, kUnits);
  if (!milliseconds || *milliseconds > uint64_t{1} << 52) return std::nullopt;
  return std::chrono::milliseconds(*milliseconds);
}

std::string NearestName(const std::string& name, const std::vector<std::string>& names) {
  std::string nearest;
  size_t least = std::max<size_t>(2, name.size() / 2);
  for (const auto& candidate : names) {
    size_t distance = EditDistance(name, candidate);
    if (distance > least || (distance == least && !nearest.empty())) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

}  // namespace qlake::cli
