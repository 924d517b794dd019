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

size_t FieldsMin(const CsvHeader& header, const RowShape& shape) {
  const auto may_be_left_out = [&](size_t field) {
    const auto found = std::find(header.field_of_column.begin(), header.field_of_column.end(), field);
    if (found == header.field_of_column.end()) return false;
    const std::string& name = shape.columns[static_cast<size_t>(found - header.field_of_column.begin())].name;
    return std::find(shape.optional_trailing.begin(), shape.optional_trailing.end(), name) !=
           shape.optional_trailing.end();
  };
  size_t fields_min = header.names.size();
  while (fields_min > 1 && may_be_left_out(fields_min - 1)) --fields_min;
  return fields_min;
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
  header.fields_min = FieldsMin(header, shape);
  header.error = WhyKeyIsMissing(header, shape);
  return header;
}

}  // namespace qlake::rows
