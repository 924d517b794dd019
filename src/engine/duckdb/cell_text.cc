#include "engine/duckdb/cell_text.h"

#include <fmt/format.h>

#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "engine/duckdb/handles.h"
#include "engine/value_text.h"

namespace qlake::engine {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kMonthsPerYear = 12;

std::string FormatJson(const LogicalType& type, duckdb_vector vector, idx_t row);

// REQUIRES: storage is an integer type that DuckDB keeps a DECIMAL or an ENUM in.
__int128 ReadInteger(duckdb_type storage, const VectorView& cells, idx_t row) {
  switch (storage) {
    case DUCKDB_TYPE_UTINYINT:
      return cells.At<uint8_t>(row);
    case DUCKDB_TYPE_USMALLINT:
      return cells.At<uint16_t>(row);
    case DUCKDB_TYPE_UINTEGER:
      return cells.At<uint32_t>(row);
    case DUCKDB_TYPE_SMALLINT:
      return cells.At<int16_t>(row);
    case DUCKDB_TYPE_INTEGER:
      return cells.At<int32_t>(row);
    case DUCKDB_TYPE_BIGINT:
      return cells.At<int64_t>(row);
    default:
      return ToInt128(cells.At<duckdb_hugeint>(row));
  }
}

std::string FormatDateCell(int32_t days) {
  if (days == std::numeric_limits<int32_t>::max()) return "infinity";
  if (days == -std::numeric_limits<int32_t>::max()) return "-infinity";
  return base::FormatDate({days});
}

std::string FormatTimestampCell(int64_t value, int64_t us_per_unit) {
  if (value == std::numeric_limits<int64_t>::max()) return "infinity";
  if (value == -std::numeric_limits<int64_t>::max()) return "-infinity";
  return base::FormatTimestamp({value * us_per_unit});
}

std::string FormatNanoseconds(int64_t ns) {
  int64_t us = ns / 1000 - (ns % 1000 < 0 ? 1 : 0);
  return FormatTimestampCell(us, 1);
}

// As DuckDB writes it: 1 year 2 months 3 days 04:05:06.000000.
std::string FormatInterval(const duckdb_interval& interval) {
  std::string text;
  auto append = [&](int64_t count, const char* unit) {
    if (count != 0) text += fmt::format("{} {}{} ", count, unit, count == 1 || count == -1 ? "" : "s");
  };
  append(interval.months / kMonthsPerYear, "year");
  append(interval.months % kMonthsPerYear, "month");
  append(interval.days, "day");
  return text + (interval.micros < 0 ? "-" + FormatTimeOfDay(-interval.micros) : FormatTimeOfDay(interval.micros));
}

std::string FormatUuid(duckdb_hugeint value) {
  // DuckDB flips the first bit so that UUIDs sort as their texts do.
  uint64_t upper = static_cast<uint64_t>(value.upper) ^ uint64_t { 1 } << 63;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", upper >> 32, upper >> 16 & 0xFFFF, upper & 0xFFFF,
                     value.lower >> 48, value.lower & 0xFFFFFFFFFFFF);
}

std::string FormatElements(const LogicalType& element, duckdb_vector elements, idx_t offset, idx_t count) {
  std::string json = "[";
  for (idx_t i = 0; i < count; ++i) {
    if (i > 0) json += ",";
    json += FormatJson(element, elements, offset + i);
  }
  return json + "]";
}

std::string FormatMap(const LogicalType& type, duckdb_vector entries, const duckdb_list_entry& range) {
  duckdb_vector keys = duckdb_struct_vector_get_child(entries, 0);
  duckdb_vector values = duckdb_struct_vector_get_child(entries, 1);
  std::string json = "[";
  for (idx_t i = range.offset; i < range.offset + range.length; ++i) {
    json += fmt::format(R"({}{{"key":{},"value":{}}})", i == range.offset ? "" : ",",
                        FormatJson(type.children[0], keys, i), FormatJson(type.children[1], values, i));
  }
  return json + "]";
}

std::string FormatStruct(const LogicalType& type, duckdb_vector vector, idx_t row) {
  std::string json = "{";
  for (size_t i = 0; i < type.children.size(); ++i) {
    json += fmt::format("{}{}:{}", i == 0 ? "" : ",", QuoteJson(type.labels[i]),
                        FormatJson(type.children[i], duckdb_struct_vector_get_child(vector, i), row));
  }
  return json + "}";
}

std::string FormatUnion(const LogicalType& type, duckdb_vector vector, idx_t row) {
  // A union is a struct: which member it is, then the members.
  auto member = VectorView(duckdb_struct_vector_get_child(vector, 0)).At<uint8_t>(row);
  return FormatJson(type.children[member], duckdb_struct_vector_get_child(vector, idx_t{member} + 1), row);
}

// REQUIRES: the cell is not NULL.
std::string FormatValue(const LogicalType& type, duckdb_vector vector, idx_t row) {
  VectorView cells(vector);
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
      return cells.At<bool>(row) ? "true" : "false";
    case DUCKDB_TYPE_TINYINT:
      return std::to_string(cells.At<int8_t>(row));
    case DUCKDB_TYPE_SMALLINT:
      return std::to_string(cells.At<int16_t>(row));
    case DUCKDB_TYPE_INTEGER:
      return std::to_string(cells.At<int32_t>(row));
    case DUCKDB_TYPE_BIGINT:
      return std::to_string(cells.At<int64_t>(row));
    case DUCKDB_TYPE_UTINYINT:
      return std::to_string(cells.At<uint8_t>(row));
    case DUCKDB_TYPE_USMALLINT:
      return std::to_string(cells.At<uint16_t>(row));
    case DUCKDB_TYPE_UINTEGER:
      return std::to_string(cells.At<uint32_t>(row));
    case DUCKDB_TYPE_UBIGINT:
      return std::to_string(cells.At<uint64_t>(row));
    case DUCKDB_TYPE_HUGEINT:
      return FormatScaled(ToInt128(cells.At<duckdb_hugeint>(row)), 0);
    case DUCKDB_TYPE_UHUGEINT: {
      auto value = cells.At<duckdb_uhugeint>(row);
      return FormatUnsigned(static_cast<unsigned __int128>(value.upper) << 64 | value.lower, 1);
    }
    case DUCKDB_TYPE_FLOAT:
      return FormatFloat(cells.At<float>(row));
    case DUCKDB_TYPE_DOUBLE:
      return FormatFloat(cells.At<double>(row));
    case DUCKDB_TYPE_DECIMAL:
      return FormatScaled(ReadInteger(type.storage, cells, row), type.scale);
    case DUCKDB_TYPE_VARCHAR:
      return std::string(cells.TextAt(row));
    case DUCKDB_TYPE_BLOB:
      return FormatBase64(cells.TextAt(row));
    case DUCKDB_TYPE_ENUM:
      return type.labels[static_cast<size_t>(ReadInteger(type.storage, cells, row))];
    case DUCKDB_TYPE_DATE:
      return FormatDateCell(cells.At<int32_t>(row));
    case DUCKDB_TYPE_TIME:
      return FormatTimeOfDay(cells.At<int64_t>(row));
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return FormatTimestampCell(cells.At<int64_t>(row), 1);
    case DUCKDB_TYPE_TIMESTAMP:
      return WithoutZone(FormatTimestampCell(cells.At<int64_t>(row), 1));
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return WithoutZone(FormatTimestampCell(cells.At<int64_t>(row), 1000));
    case DUCKDB_TYPE_TIMESTAMP_S:
      return WithoutZone(FormatTimestampCell(cells.At<int64_t>(row), kUsPerSecond));
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return WithoutZone(FormatNanoseconds(cells.At<int64_t>(row)));
    case DUCKDB_TYPE_INTERVAL:
      return FormatInterval(cells.At<duckdb_interval>(row));
    case DUCKDB_TYPE_UUID:
      return FormatUuid(cells.At<duckdb_hugeint>(row));
    case DUCKDB_TYPE_LIST: {
      auto range = cells.At<duckdb_list_entry>(row);
      return FormatElements(type.children[0], duckdb_list_vector_get_child(vector), range.offset, range.length);
    }
    case DUCKDB_TYPE_ARRAY:
      return FormatElements(type.children[0], duckdb_array_vector_get_child(vector), row * type.array_size,
                            type.array_size);
    case DUCKDB_TYPE_MAP:
      return FormatMap(type, duckdb_list_vector_get_child(vector), cells.At<duckdb_list_entry>(row));
    case DUCKDB_TYPE_STRUCT:
      return FormatStruct(type, vector, row);
    case DUCKDB_TYPE_UNION:
      return FormatUnion(type, vector, row);
    default:
      throw base::InputError("a column cannot be shown, cast it to VARCHAR; its type is {}", FormatType(type));
  }
}

bool IsJsonAlready(const LogicalType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_UNION:
      return true;
    default:
      return type.is_json;
  }
}

bool IsNumber(const LogicalType& type) {
  switch (type.id) {
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
      return true;
    default:
      return IsJsonAlready(type) && type.children.empty() && type.id != DUCKDB_TYPE_BOOLEAN && !type.is_json;
  }
}

std::string FormatJson(const LogicalType& type, duckdb_vector vector, idx_t row) {
  if (VectorView(vector).IsNull(row)) return "null";
  std::string text = FormatValue(type, vector, row);
  bool is_float = type.id == DUCKDB_TYPE_FLOAT || type.id == DUCKDB_TYPE_DOUBLE;
  bool as_it_is = IsJsonAlready(type) && !(is_float && !IsJsonNumber(text));
  return as_it_is ? text : QuoteJson(text);
}

}  // namespace

ResultColumn DescribeResultColumn(std::string name, const LogicalType& type) {
  return {std::move(name), FormatType(type), !IsJsonAlready(type), IsNumber(type)};
}

ResultCell FormatCell(const LogicalType& type, duckdb_vector vector, idx_t row) {
  if (VectorView(vector).IsNull(row)) return std::nullopt;
  return FormatValue(type, vector, row);
}

}  // namespace qlake::engine
