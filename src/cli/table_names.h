#pragma once

#include <string>
#include <vector>

#include "lake/lake.h"

namespace qlake::cli {

// The full names, layer.table, of tables that the user named, in full or by the table's own name while that is unique;
// all of the lake's tables when none is named. Throws Error{kInput} with the nearest name when there is no such table.
std::vector<std::string> ResolveTables(const lake::Lake& lake, const std::vector<std::string>& names);
std::string ResolveTable(const lake::Lake& lake, const std::string& name);

}  // namespace qlake::cli
