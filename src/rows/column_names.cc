#include "rows/column_names.h"

#include <algorithm>

namespace qlake::rows {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Folded(std::string_view name) {
  std::string folded(TrimBlanks(name));
  std::transform(folded.begin(), folded.end(), folded.begin(), LowerAscii);
  return folded;
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

ColumnNames::ColumnNames(const RowShape& shape) {
  // All names before any alias, so that an alias never takes a name from the column that bears it.
  for (size_t i = 0; i < shape.columns.size(); ++i) column_of_name_.emplace(Folded(shape.columns[i].name), i);
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    for (const std::string& alias : shape.columns[i].aliases) column_of_name_.emplace(Folded(alias), i);
  }
}

std::optional<size_t> ColumnNames::Find(std::string_view name) const {
  const auto found = column_of_name_.find(Folded(name));
  if (found == column_of_name_.end()) return std::nullopt;
  return found->second;
}

}  // namespace qlake::rows
