#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.h"

namespace qlake::cli {

// A page of the manual, in man(7)'s language.
struct ManualPage {
  std::string file_name;  // qlake-runs-show.1, qlake.toml.5
  std::string text;
};

// A page for each command, and one for the settings.
std::vector<ManualPage> BuildManual(const CommandDescription& root);

}  // namespace qlake::cli
