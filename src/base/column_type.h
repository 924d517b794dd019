#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qlake::base {

// The type of a column of our own tables: the primitive types that Delta, Parquet, DuckDB and Spark share.
struct ColumnType {
  enum class Kind { kBoolean, kInteger, kLong, kDouble, kDecimal, kString, kBinary, kDate, kTimestamp };
  Kind kind = Kind::kString;
  int precision = 0;  // kDecimal only: 1 to 38 digits, `scale` of them after the point.
  int scale = 0;

  bool operator==(const ColumnType&) const = default;
};

// The names of Delta's schema: boolean, integer, long, double, decimal(18,4), string, binary, date, timestamp.
std::string FormatDeltaType(ColumnType type);
std::optional<ColumnType> ParseDeltaType(std::string_view text);

// The names of SQL: BOOLEAN, INTEGER, BIGINT, DOUBLE, DECIMAL(18,4), VARCHAR, BLOB, DATE, TIMESTAMP WITH TIME ZONE.
std::string FormatSqlType(ColumnType type);
std::optional<ColumnType> ParseSqlType(std::string_view text);  // TEXT and STRING mean VARCHAR, TIMESTAMPTZ the last.

struct Column {
  std::string name;
  ColumnType type;
  bool personal = false;  // Masked in logs and errors, no statistics in the table's log.
  std::string comment;    // What the column holds, for people; may be empty.

  bool operator==(const Column&) const = default;
};

}  // namespace qlake::base
