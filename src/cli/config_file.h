#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/settings.h"

namespace qlake::cli {

// The settings that a qlake.toml gives, by key. `path` names the file in origins and messages, and relative paths in it
// are taken from its folder. Throws Error{kInput} with file and line on anything that is no setting: broken TOML,
// unknown keys (with the nearest known one), values of another type, secrets written down.
std::map<std::string, Setting> ParseConfigFile(const std::string& path, std::string_view text);

// The same for a file of the disk.
std::map<std::string, Setting> ReadConfigFile(const std::string& path);

}  // namespace qlake::cli
