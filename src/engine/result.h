#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace qlake::engine {

struct ResultColumn {
  std::string name;
  std::string sql_type;     // DuckDB's name of it: VARCHAR, DECIMAL(18,4), INTEGER[], ...
  bool json_quoted = true;  // In JSON a cell stands in quotes (texts, dates, DECIMAL, 64-bit integers, ...), or as it
                            // is (booleans, smaller integers, doubles, nested values, whose text is JSON already).
  bool right_aligned = false;  // A number, for people's tables.
};

// NULL or the value's text: DECIMAL at full scale, DATE YYYY-MM-DD, TIMESTAMP WITH TIME ZONE
// YYYY-MM-DDTHH:MM:SS.ffffffZ, TIMESTAMP the same without the Z, binary as base64, true/false, nested values as JSON
// (maps as an array of {"key":..,"value":..}).
using ResultCell = std::optional<std::string>;
using ResultRow = std::vector<ResultCell>;

// The cell of an integer column as a number; NULL is 0.
inline int64_t IntegerOf(const ResultCell& cell) { return cell ? std::strtoll(cell->c_str(), nullptr, 10) : 0; }

struct Result {
  std::vector<ResultColumn> columns;
  std::vector<ResultRow> rows;
};

// Takes an answer as it comes, without holding it all.
struct ResultVisitor {
  std::function<void(const std::vector<ResultColumn>&)> on_columns;
  std::function<bool(ResultRow&)> on_row;  // False: no more rows wanted.
};

// Keeps the first `rows_max` rows in `result`, which must outlive it.
ResultVisitor VisitorOf(Result& result, size_t rows_max);

}  // namespace qlake::engine
