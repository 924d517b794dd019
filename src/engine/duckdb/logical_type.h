#pragma once

#include <duckdb.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/column_type.h"

namespace qlake::engine {

// DuckDB's type of a column, read once so that its cells can be read quickly.
struct LogicalType {
  static LogicalType Read(duckdb_logical_type type);

  duckdb_type id = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  // The integers that hold a DECIMAL or an ENUM; else the same as id.
  bool is_json = false;                       // A VARCHAR that is called JSON.
  int precision = 0;                          // DECIMAL
  int scale = 0;
  size_t array_size = 0;              // ARRAY
  std::vector<LogicalType> children;  // LIST and ARRAY: the element; MAP: key and value; STRUCT and UNION: the members.
  std::vector<std::string> labels;    // STRUCT and UNION: the members' names; ENUM: the texts.
};

// VARCHAR, DECIMAL(18,4), INTEGER[], STRUCT(a INTEGER, b VARCHAR), ...
std::string FormatType(const LogicalType& type);

// The type of our tables that holds every value of it: TINYINT to INTEGER are integers, to BIGINT long, TIMESTAMP is
// taken for UTC. Nothing for HUGEINT, nested types and the like.
std::optional<base::ColumnType> ToColumnType(const LogicalType& type);

// Whether values stand in memory as the type of our tables wants them, so that no cast is needed.
bool IsStoredAs(const LogicalType& type, const base::ColumnType& column_type);

}  // namespace qlake::engine
