#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/setting.h"

namespace qlake::cli {

// Every setting resolved: default < qlake.toml < environment < flag.
class Config {
 public:
  // `flags`: what the command line gave, by key. `config_path` is --config, or empty: then ./qlake.toml, or else the one in
  // the project's folder, when there is any. Throws Error{kInput} as config_file.h and CheckSetting say.
  static Config Resolve(const std::map<std::string, std::string>& flags, const std::string& config_path);

  std::string Text(std::string_view key) const;  // A reference is resolved here.
  uint64_t SizeBytes(std::string_view key) const;
  std::chrono::milliseconds Duration(std::string_view key) const;
  base::LogLevel LogLevel() const;

  const SettingValue& Value(std::string_view key) const;  // As it was given, for `config show`.

 private:
  SettingValue Resolved(std::string_view key) const;

  std::map<std::string, SettingValue, std::less<>> values_;
};

}  // namespace qlake::cli
