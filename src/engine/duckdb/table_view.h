#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/file_facts.h"
#include "storage/storage.h"

namespace qlake::engine {

// The tag of our data files that names the columns that the table had when the file was written. Where the table's
// first columns are still these, in this order, the file need not be opened to know what it holds, and reads as NULL in
// those behind; another engine may have put a column before them.
inline constexpr const char* kColumnsTag = "qlake.columns";
std::string ColumnsTagOf(const std::vector<base::Column>& columns);

// Some live files of a table as one SELECT of the table's columns, in its order. `file_column`, when not empty, is the
// name of a last column that holds the URL of the file that the row stands in. Looks into files that are not ours, for
// what columns they have. Without a fact store, files with deleted rows are Error{kInput}. Throws Error{kCorrupt} when
// a file is absent or not what the log says.
std::string SelectFiles(const storage::Storage& storage, const delta::Snapshot& snapshot,
                        const std::vector<const delta::AddFile*>& files, std::string_view file_column = "",
                        FactStore* fact_store = nullptr);
std::string SelectAllFiles(const storage::Storage& storage, const delta::Snapshot& snapshot,
                           FactStore* fact_store = nullptr);

// DuckDB takes what it is to open for a pattern, and a character in brackets for itself: the pattern of one file.
std::string PatternOf(const std::string& url);

// The columns without rows.
std::string SelectNothing(const std::vector<base::Column>& columns);

}  // namespace qlake::engine
