#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/secret.h"

namespace qlake::cli {

// What a setting is: its key in qlake.toml, its environment variable, its flag.
struct SettingDefinition {
  std::string key;          // lake; log.level is level below [log]
  std::string environment;  // QLAKE_LAKE
  std::string flag;         // --lake; empty for secrets, which would stand in the list of processes
  std::string default_value;
  bool is_path = false;  // In qlake.toml relative to that file's folder.
  std::string help;
  bool is_secret = false;  // Fetched by SecretOf only: commands that do without must not fail for want of it.
};
const std::vector<SettingDefinition>& SettingDefinitions();
const SettingDefinition* FindSetting(const std::string& key);  // nullptr: there is none.

// One setting as the user gave it, and where.
struct Setting {
  std::string value;
  std::string origin;                        // "default", "qlake.toml:3", "QLAKE_LAKE", "--lake"
  std::optional<SecretReference> reference;  // Where the value came from that must not be shown.
};

// All settings, resolved: a flag counts before the environment, that before the file, that before the default.
struct Settings {
  std::map<std::string, Setting> all;  // By key.

  std::string project;  // Folder; empty: the built-in project.
  std::string landing;
  std::string lake;  // A folder, or hdfs://host:port/folder.
  std::string dump_folder;
  uint64_t memory_bytes = 0;
  std::chrono::seconds settle{0};
  std::chrono::milliseconds lease_wait{0};
  std::chrono::milliseconds hdfs_retry_for{0};
  std::chrono::milliseconds hdfs_lease{0};
  base::LogLevel log_level = base::LogLevel::kWarn;
  std::string log_file;
};

// The value of a secret setting, fetched now; empty when none is set. Throws Error{kInput} when it cannot be had.
std::string SecretOf(const Settings& settings, const std::string& key);

// `flags`: value by key of the flags given. `config_file`: --config, or empty for ./qlake.toml, or else that of the
// project's folder, if there is one. Throws Error{kInput} on a file that is wrong (config_file.h) and, with the origin,
// on a value that cannot be read.
Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file);

}  // namespace qlake::cli
