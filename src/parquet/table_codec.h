#pragma once

#include <memory>
#include <string>

namespace arrow {
class Table;
}

namespace qlake::parquet {

// A whole Parquet file (a Delta checkpoint) as an Arrow table: nested columns as Arrow's struct, map and list.
// Throws Error{kCorrupt} with `name` when the bytes are no Parquet file.
std::shared_ptr<arrow::Table> DecodeFile(const std::string& bytes, const std::string& name);

// An Arrow table (a Delta checkpoint) as a Parquet file, zstd.
std::string EncodeTable(const arrow::Table& table);

}  // namespace qlake::parquet
