#pragma once

#include <string>

#include "cli/command_tree.h"

namespace qlake::cli {

// Scripts that complete the commands, their flags and those values that are few; everything else is completed as a
// path. Each is to be read by its shell, or put where that looks for completions.
std::string BashCompletion(const CommandDescription& root);
std::string ZshCompletion(const CommandDescription& root);
std::string FishCompletion(const CommandDescription& root);

}  // namespace qlake::cli
