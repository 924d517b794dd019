#pragma once

#include <string>
#include <vector>

#include "cli/setting_type.h"

namespace qlake::cli {

// What a setting is: its key in qlake.toml, its flag, what it takes.
struct SettingDefinition {
  std::string key;   // lake; log.level is level below [log]
  std::string flag;  // --lake; empty: it has none. A secret never has: it would stand in the list of processes.
  std::string default_value;
  SettingType type;
  std::string help;

  std::string environment() const;  // QLAKE_LAKE, QLAKE_LOG_LEVEL
};

// All that there are, one line each. Whatever a line says reaches qlake.toml, the environment, `config show`, the flags
// of the commands that name the key, completion and the manual without another word.
const std::vector<SettingDefinition>& SettingDefinitions();
const SettingDefinition* FindSetting(const std::string& key);  // nullptr: there is none.

}  // namespace qlake::cli
