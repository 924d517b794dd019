#pragma once

#include <duckdb.h>

#include <string>

#include "engine/duckdb/logical_type.h"
#include "engine/result.h"

namespace qlake::engine {

ResultColumn DescribeResultColumn(std::string name, const LogicalType& type);

// The cell as result.h says. Throws Error{kInput} on a type that has no text of ours (BIT, TIME WITH TIME ZONE, ...).
ResultCell FormatCell(const LogicalType& type, duckdb_vector vector, idx_t row);

}  // namespace qlake::engine
