#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rows/reader.h"

namespace qlake::rows {

// The names that a file may use for the columns of a shape.
class ColumnNames {
 public:
  explicit ColumnNames(const RowShape& shape);

  // The index in RowShape::columns of the column that has this name or alias. Case and blanks around do not matter.
  std::optional<size_t> Find(std::string_view name) const;

 private:
  std::unordered_map<std::string, size_t> column_of_name_;  // By lower-case name.
};

std::string_view TrimBlanks(std::string_view text);  // Without the spaces and tabs around.

}  // namespace qlake::rows
