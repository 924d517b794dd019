#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rows/reader.h"

namespace qlake::rows {

// What a CSV header says about the fields of the records below it.
struct CsvHeader {
  static constexpr size_t kNoField = static_cast<size_t>(-1);
  struct UnknownColumn {
    size_t field = 0;
    std::string name;  // Unique; a name that is empty or taken gets its position: logs_23.
  };

  std::vector<std::string> names;       // As written, blanks around removed.
  std::vector<size_t> field_of_column;  // Per RowShape::columns; kNoField when the header does not name it.
  std::vector<UnknownColumn> unknown;   // In header order.
  // The header ends in `optional` columns that a row may leave out, then `tail` columns that the shape does not know: a
  // later export appended them, and its rows still leave out what they left out before.
  size_t optional = 0;
  size_t tail = 0;
  std::string error;  // Not empty: the header is not this source's.

  // Whether a record of so many fields has this header's form: all fields; all but the optional ones; without the tail,
  // and then without any number of the optional ones.
  bool FitsCount(size_t field_count) const;
  // Where in such a record a field of the header stands; kNoField when the record leaves it out.
  size_t PositionIn(size_t field, size_t field_count) const;
};

CsvHeader BindHeader(const std::vector<std::string>& names, const RowShape& shape);

}  // namespace qlake::rows
