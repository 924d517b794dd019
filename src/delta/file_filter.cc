#include "delta/file_filter.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "delta/schema.h"

namespace qlake::delta {
namespace {

using Kind = DataType::Kind;

// A value that can be compared with others of its column. Decimals are rounded to doubles: that keeps their order, but
// for neighbours that become equal, and equal ones are within.
using Value = std::variant<int64_t, double, std::string>;

bool IsInteger(Kind kind) {
  return kind == Kind::kByte || kind == Kind::kShort || kind == Kind::kInteger || kind == Kind::kLong;
}

std::optional<Value> ParseValue(Kind kind, const std::string& text) {
  if (IsInteger(kind)) {
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  }
  if (kind == Kind::kDecimal) {
    char* end = nullptr;
    double number = std::strtod(text.c_str(), &end);
    if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
    return number;
  }
  if (kind == Kind::kDate && !base::ParseDate(text)) return std::nullopt;
  return text;  // Dates, written so, are in the order of their texts.
}

// A value of a file's statistics, which has the form that JSON gives its type.
std::optional<Value> ValueOf(Kind kind, const base::Json& json) {
  if (IsInteger(kind) && json.is_number_integer()) return json.get<int64_t>();
  if (kind == Kind::kDecimal && json.is_number()) return json.get<double>();
  if ((kind == Kind::kDate || kind == Kind::kString) && json.is_string()) return json.get<std::string>();
  return std::nullopt;
}

struct Range {
  std::string physical_name;
  Kind kind;
  bool is_partition_column;
  std::optional<Value> min;
  std::optional<Value> max;

  bool Meets(const std::optional<Value>& least, const std::optional<Value>& greatest) const {
    bool is_below = min && greatest && *greatest < *min;
    bool is_above = max && least && *max < *least;
    return !is_below && !is_above;
  }
};

std::optional<Value> ParseBound(const ColumnRange& range, Kind kind, const std::optional<std::string>& bound) {
  if (!bound) return std::nullopt;
  auto value = ParseValue(kind, *bound);
  if (!value) throw base::InputError("column {} has no such value: \"{}\"", range.column, *bound);
  return value;
}

bool IsComparable(Kind kind) {
  return IsInteger(kind) || kind == Kind::kDecimal || kind == Kind::kDate || kind == Kind::kString;
}

std::vector<Range> ParseRanges(const Snapshot& table, const std::vector<ColumnRange>& ranges) {
  std::vector<Range> parsed;
  const std::vector<Field> columns = ParseSchema(table);
  const auto& partition_columns = table.metadata().partition_columns;
  for (const ColumnRange& range : ranges) {
    auto column = std::ranges::find(columns, range.column, &Field::name);
    if (column == columns.end()) {
      throw base::InputError("table {} has no column {}", table.table_path(), range.column);
    }
    Kind kind = column->type.kind;
    if (!IsComparable(kind)) continue;
    parsed.push_back(
        {.physical_name = column->physical_name,
         .kind = kind,
         .is_partition_column = std::ranges::find(partition_columns, range.column) != partition_columns.end(),
         .min = ParseBound(range, kind, range.min),
         .max = ParseBound(range, kind, range.max)});
  }
  return parsed;
}

bool PartitionMeets(const AddFile& file, const Range& range) {
  auto found = file.partition_values.find(range.physical_name);
  if (found == file.partition_values.end() || !found->second) return false;  // NULL
  auto value = ParseValue(range.kind, *found->second);
  return !value || range.Meets(value, value);
}

bool StatisticsMeet(const base::Json& stats, const Range& range) {
  auto bound = [&](const char* which) -> std::optional<Value> {
    auto values = stats.find(which);
    if (values == stats.end() || !values->is_object()) return std::nullopt;
    auto value = values->find(range.physical_name);
    return value == values->end() ? std::nullopt : ValueOf(range.kind, *value);
  };
  return range.Meets(bound("minValues"), bound("maxValues"));
}

}  // namespace

FileFilter FilesOfPartition(PartitionValues values) {
  return [values = std::move(values)](const AddFile& file) {
    return std::ranges::all_of(values, [&](const auto& wanted) {
      auto found = file.partition_values.find(wanted.first);
      return (found == file.partition_values.end() ? std::nullopt : found->second) == wanted.second;
    });
  };
}

FileFilter FilesWithin(const Snapshot& table, const std::vector<ColumnRange>& ranges) {
  return [ranges = ParseRanges(table, ranges)](const AddFile& file) {
    base::Json stats;
    if (!file.stats.empty()) stats = base::Json::parse(file.stats, nullptr, /*allow_exceptions=*/false);
    return std::ranges::all_of(ranges, [&](const Range& range) {
      if (range.is_partition_column) return PartitionMeets(file, range);
      return !stats.is_object() || StatisticsMeet(stats, range);
    });
  };
}

}  // namespace qlake::delta
