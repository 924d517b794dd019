#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/column_type.h"
#include "delta/snapshot.h"
#include "storage/storage.h"

namespace qlake::engine {

// The tag of our data files that says how many of the table's columns, from the first on, the table had when the file
// was written: columns are only ever added behind the others, so a file reads as NULL in those that came later.
inline constexpr const char* kColumnsTag = "qlake.columns";

// Some live files of a table as one SELECT of the table's columns, in its order. `file_column`, when not empty, is the
// name of a last column that holds the URL of the file that the row stands in.
std::string SelectFiles(const storage::Storage& storage, const delta::Snapshot& snapshot,
                        const std::vector<const delta::AddFile*>& files, std::string_view file_column = "");
std::string SelectAllFiles(const storage::Storage& storage, const delta::Snapshot& snapshot);

// The columns without rows.
std::string SelectNothing(const std::vector<base::Column>& columns);

}  // namespace qlake::engine
