#pragma once

#include <string>

#include "parquet/file_encoder.h"

namespace qlake::parquet {

// Delta's per-file statistics of the rows as JSON text (PROTOCOL.md, "Per-file Statistics"), of the columns that the
// options name. The rules are EncodeFile's.
std::string BuildStatistics(const RowBuffer& rows, const EncodeOptions& options);

}  // namespace qlake::parquet
