#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "rows/column_names.h"
#include "rows/row_parser.h"

namespace qlake::rows {

// One file of JSON lines: one object a line, its keys bound to the shape's columns by name.
class JsonLinesParser final : public RowParser {
 public:
  JsonLinesParser(std::string_view bytes, const RowShape& shape);

  bool Next(Row& row) override;
  int64_t CountRest() override;

 private:
  static constexpr size_t kUnknown = static_cast<size_t>(-1);
  static constexpr size_t kKeysRemembered = 1024;  // A hostile line must not make the memory grow.

  std::string_view NextLine();  // Without its line end; moves on.
  // Fills the row from its record; says why the record is no row of this shape, "" when it is one.
  std::string Parse(Row& row);
  std::string ParseObject(simdjson::ondemand::document& document, simdjson::ondemand::object object, Row& row);
  std::string SetCell(size_t column, Cell cell, Row& row);
  std::string Rescue(std::string_view key, Cell cell, Row& row);

  // The column that a key names. Lines repeat the keys of the line before in the same order, so that the n-th key is
  // first compared with the n-th one there.
  size_t ColumnOf(size_t n, std::string_view key);

  std::string_view bytes_;
  ColumnNames names_;
  std::vector<std::string> columns_;
  uint64_t record_bytes_max_;
  simdjson::ondemand::parser parser_;
  std::string padded_;  // The last lines of the file, with the room behind them that simdjson wants.
  std::vector<std::pair<std::string, size_t>> keys_before_;
  std::vector<bool> set_columns_;          // Which columns the record has named so far.
  std::vector<std::string> unknown_keys_;  // The other keys that it has named so far.
  std::unordered_set<std::string> unknown_columns_seen_;
};

}  // namespace qlake::rows
