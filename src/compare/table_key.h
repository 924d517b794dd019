#pragma once

#include <string>
#include <vector>

#include "model/project.h"

namespace qlake::compare {

// The columns that the rows of "layer.table" are told apart by; empty when nothing is known of it. A mart's rows add
// up: there may be several of one key.
std::vector<std::string> KeyOf(const model::Project& project, const std::string& table);

}  // namespace qlake::compare
