#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"

namespace qlake::cli {

// One setting as the user gave it, and where.
struct Setting {
  std::string value;
  std::string origin;  // "default", "qlake.toml:3", "QLAKE_LAKE", "--lake"
};

// What a setting is: its key in qlake.toml, its environment variable, its flag.
struct SettingDefinition {
  std::string key;          // lake, log.level
  std::string environment;  // QLAKE_LAKE
  std::string flag;         // --lake
  std::string default_value;
  std::string help;
};
const std::vector<SettingDefinition>& SettingDefinitions();

// All settings, resolved: a flag counts before the environment, that before the file, that before the default.
struct Settings {
  std::map<std::string, Setting> all;  // By key.

  std::string project;  // Folder; empty: the built-in project.
  std::string landing;
  std::string lake;
  std::string dump_folder;
  uint64_t memory_bytes = 0;
  std::chrono::seconds settle{0};
  std::chrono::milliseconds lease_wait{0};
  base::LogLevel log_level = base::LogLevel::kWarn;
  std::string log_file;
};

// `flags`: value by key of the flags given. `config_file`: --config, or empty for ./qlake.toml if there is one. Throws
// Error{kInput}: unknown key (with file, line and the nearest known one), wrong type, value that cannot be read (with origin).
Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file);

// "1GiB", "512MiB", "2GB", "64KiB", "1000B" -> bytes; "90s", "500ms", "5m", "2h" -> milliseconds. Nothing for anything else.
std::optional<uint64_t> ParseSize(const std::string& text);
std::optional<std::chrono::milliseconds> ParseDuration(const std::string& text);

// Of the names, the one with the least edits away from `name`; empty when all are far.
std::string NearestName(const std::string& name, const std::vector<std::string>& names);

}  // namespace qlake::cli
