#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.h"

namespace qlake::engine {

// A text as part of a Hive-style folder name: characters that file systems or Hive give a meaning are written %XX.
std::string EscapePathPart(std::string_view text);

// "transaction_date=2023-05-20/city=New York/", NULL as __HIVE_DEFAULT_PARTITION__; empty without columns.
// REQUIRES: `values` has every column.
std::string PartitionFolder(const std::vector<std::string>& columns, const delta::PartitionValues& values);

// Whether DuckDB reads the values back from the folder that PartitionFolder names, so that it can leave out files by
// their paths. It takes "null" for NULL, and does not undo escapes in a column's name.
bool FolderTellsValues(const std::vector<std::string>& columns, const delta::PartitionValues& values);

}  // namespace qlake::engine
