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
  size_t fields_min = 0;                // Fewer when the header's last columns may be left out.
  std::string error;                    // Not empty: the header is not this source's.
};

CsvHeader BindHeader(const std::vector<std::string>& names, const RowShape& shape);

}  // namespace qlake::rows
