#include "rows/csv_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "rows/column_names.h"

namespace qlake::rows {
namespace {

// The header's names that no column has, each under a name of its own: they become the keys of a JSON object.
void AddUnknown(CsvHeader& header, const std::vector<size_t>& fields) {
  std::unordered_set<std::string> taken;
  for (const size_t field : fields) {
    std::string name = header.names[field];
    while (name.empty() || !taken.insert(name).second) name += fmt::format("_{}", field + 1);
    header.unknown.push_back({field, std::move(name)});
  }
}

std::string WhyKeyIsMissing(const CsvHeader& header, const RowShape& shape) {
  std::string missing;
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    if (!shape.columns[i].key || header.field_of_column[i] != CsvHeader::kNoField) continue;
    missing += missing.empty() ? "" : ", ";
    missing += shape.columns[i].name;
  }
  if (missing.empty()) return "";
  return fmt::format("the file has no header of this source: its first line does not name {}", missing);
}

// Counts what stands at the header's end: first, from the right, columns that no one knows, then those that may be left
// out.
void FindEnding(CsvHeader& header, const RowShape& shape) {
  const auto column_of = [&](size_t field) {
    return static_cast<size_t>(std::find(header.field_of_column.begin(), header.field_of_column.end(), field) -
                               header.field_of_column.begin());
  };
  const auto may_be_left_out = [&](size_t column) {
    const auto& names = shape.optional_trailing;
    return column < shape.columns.size() &&
           std::find(names.begin(), names.end(), shape.columns[column].name) != names.end();
  };
  size_t end = header.names.size();
  while (end > 1 && column_of(end - 1) == shape.columns.size()) --end;
  header.tail = header.names.size() - end;
  while (end > 1 && may_be_left_out(column_of(end - 1))) {
    --end;
    ++header.optional;
  }
  // Without optional columns the tail is part of every row, like any other column.
  if (header.optional == 0) header.tail = 0;
}

}  // namespace

CsvHeader BindHeader(const std::vector<std::string>& names, const RowShape& shape) {
  const ColumnNames columns(shape);
  CsvHeader header;
  header.names = names;
  header.field_of_column.assign(shape.columns.size(), CsvHeader::kNoField);
  std::vector<size_t> unknown;
  for (size_t field = 0; field < names.size(); ++field) {
    const std::optional<size_t> column = columns.Find(names[field]);
    if (!column) {
      unknown.push_back(field);
    } else if (header.field_of_column[*column] == CsvHeader::kNoField) {
      header.field_of_column[*column] = field;
    } else {
      header.error = fmt::format("the header names {} twice, in fields {} and {}", shape.columns[*column].name,
                                 header.field_of_column[*column] + 1, field + 1);
      return header;
    }
  }
  AddUnknown(header, unknown);
  FindEnding(header, shape);
  header.error = WhyKeyIsMissing(header, shape);
  return header;
}

bool CsvHeader::FitsCount(size_t field_count) const {
  if (field_count == names.size() || field_count + optional == names.size()) return true;
  const size_t without_tail = names.size() - tail;
  return field_count <= without_tail && field_count + optional >= without_tail;
}

size_t CsvHeader::PositionIn(size_t field, size_t field_count) const {
  const bool gap_in_the_middle = tail > 0 && field_count + optional == names.size();
  if (gap_in_the_middle && field + tail >= names.size()) return field - optional;
  if (gap_in_the_middle && field + tail + optional >= names.size()) return kNoField;
  return field < field_count ? field : kNoField;
}

}  // namespace qlake::rows
