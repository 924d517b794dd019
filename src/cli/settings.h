#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "cli/secret.h"
#include "cli/setting_definitions.h"

namespace qlake::cli {

// One setting as the user gave it, and where.
struct Setting {
  std::string value;
  std::string origin;                        // "default", "qlake.toml:3", "QLAKE_LAKE", "--lake"
  std::optional<SecretReference> reference;  // Where the value came from that must not be shown.
};

// All settings, resolved: a flag counts before the environment, that before the file, that before the default.
struct Settings {
  std::map<std::string, Setting> all;  // By key; each of a value that its type takes.

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

  // REQUIRES, each: the key is defined, with a type of that name.
  const std::string& Text(const std::string& key) const;
  std::chrono::milliseconds Duration(const std::string& key) const;
  uint64_t Bytes(const std::string& key) const;
  int64_t Integer(const std::string& key) const;
  bool IsOn(const std::string& key) const;
  bool IsDefault(const std::string& key) const;  // Nobody has set it.
};

// The value of a secret setting, fetched now; empty when none is set. Throws Error{kInput} when it cannot be had.
std::string SecretOf(const Settings& settings, const std::string& key);

// `flags`: value by key of the flags given. `config_file`: --config, or empty for ./qlake.toml, or else that of the
// project's folder, if there is one. Throws Error{kInput} on a file that is wrong (config_file.h) and, with the origin,
// on a value that its type does not take.
Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file);

// The file that ResolveSettings reads; empty: there is none.
std::string FindConfigFile(const std::map<std::string, std::string>& flags, const std::string& config_file);

}  // namespace qlake::cli
