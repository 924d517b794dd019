#pragma once

#include <string>

#include "parquet/file_encoder.h"

namespace qlake::parquet {

// Delta's per-file statistics of the rows as JSON text (PROTOCOL.md, "Per-file Statistics"), of the first
// `indexed_columns_max` columns. The rules are EncodeFile's.
std::string BuildStatistics(const RowBuffer& rows, int indexed_columns_max);

}  // namespace qlake::parquet
