#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace arrow {
class Table;
}

namespace qlake::parquet {

// Whether a column is wanted, by its path: "add.stats", "add.partitionValues.key_value.key".
using ColumnFilter = std::function<bool(std::string_view)>;

// A whole Parquet file (a Delta checkpoint) in memory as an Arrow table: nested columns as Arrow's struct, map and
// list; without the columns that are not wanted. No column of it may outlive the table. Throws Error{kCorrupt} with
// `name` when the bytes are no Parquet file, or are not those that EncodeTable gave.
std::shared_ptr<arrow::Table> DecodeFile(const std::string& bytes, const std::string& name,
                                         const ColumnFilter& is_wanted = nullptr);

// An Arrow table (a Delta checkpoint) as a Parquet file, zstd, sealed (base/seal.h): Parquet itself does not notice all
// damage.
std::string EncodeTable(const arrow::Table& table);

}  // namespace qlake::parquet
