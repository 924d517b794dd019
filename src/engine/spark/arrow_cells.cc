#include "engine/spark/arrow_cells.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/value_text.h"

namespace qlake::engine {
namespace {

using Type = arrow::Type;

constexpr int64_t kMonthsPerYear = 12;

template <typename ArrayType>
const ArrayType& As(const arrow::Array& array) {
  return static_cast<const ArrayType&>(array);
}

bool IsJsonAlready(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::LIST:
    case Type::MAP:
    case Type::STRUCT:
      return true;
    default:
      return false;
  }
}

bool IsNumber(const arrow::DataType& type) {
  return type.id() == Type::INT64 || type.id() == Type::DECIMAL128 ||
         (IsJsonAlready(type) && type.num_fields() == 0 && type.id() != Type::BOOL);
}

bool HasZone(const arrow::DataType& type) { return !static_cast<const arrow::TimestampType&>(type).timezone().empty(); }

std::string NameOfNested(const arrow::DataType& type);

// DuckDB's name of the type. Throws on a type that has none here.
std::string NameOfType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
      return "\"NULL\"";
    case Type::BOOL:
      return "BOOLEAN";
    case Type::INT8:
      return "TINYINT";
    case Type::INT16:
      return "SMALLINT";
    case Type::INT32:
      return "INTEGER";
    case Type::INT64:
      return "BIGINT";
    case Type::FLOAT:
      return "FLOAT";
    case Type::DOUBLE:
      return "DOUBLE";
    case Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return fmt::format("DECIMAL({},{})", decimal.precision(), decimal.scale());
    }
    case Type::STRING:
      return "VARCHAR";
    case Type::BINARY:
      return "BLOB";
    case Type::DATE32:
      return "DATE";
    case Type::TIMESTAMP:
      return HasZone(type) ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP";
    case Type::INTERVAL_MONTHS:
    case Type::DURATION:
      return "INTERVAL";
    case Type::LIST:
    case Type::MAP:
    case Type::STRUCT:
      return NameOfNested(type);
    default:
      throw base::InputError("a column cannot be shown, cast it to STRING; its type is {}", type.ToString());
  }
}

std::string NameOfNested(const arrow::DataType& type) {
  if (type.id() == Type::LIST) return NameOfType(*type.field(0)->type()) + "[]";
  if (type.id() == Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(type);
    return fmt::format("MAP({}, {})", NameOfType(*map.key_type()), NameOfType(*map.item_type()));
  }
  std::string members;
  for (const auto& member : type.fields()) {
    members += fmt::format("{}{} {}", members.empty() ? "" : ", ", member->name(), NameOfType(*member->type()));
  }
  return fmt::format("STRUCT({})", members);
}

std::string FormatJson(const arrow::Array& array, int64_t row);

std::string FormatList(const arrow::Array& array, int64_t row) {
  const auto& list = As<arrow::ListArray>(array);
  std::string json = "[";
  for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
    json += (json.size() == 1 ? "" : ",") + FormatJson(*list.values(), i);
  }
  return json + "]";
}

std::string FormatMap(const arrow::Array& array, int64_t row) {
  const auto& map = As<arrow::MapArray>(array);
  std::string json = "[";
  for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
    json += fmt::format(R"({}{{"key":{},"value":{}}})", json.size() == 1 ? "" : ",", FormatJson(*map.keys(), i),
                        FormatJson(*map.items(), i));
  }
  return json + "]";
}

std::string FormatStruct(const arrow::Array& array, int64_t row) {
  const auto& members = As<arrow::StructArray>(array);
  std::string json = "{";
  for (int i = 0; i < members.num_fields(); ++i) {
    json += fmt::format("{}{}:{}", i == 0 ? "" : ",", QuoteJson(array.type()->field(i)->name()),
                        FormatJson(*members.field(i), row));
  }
  return json + "}";
}

__int128 ToInt128(const arrow::Array& array, int64_t row) {
  arrow::Decimal128 value(As<arrow::Decimal128Array>(array).GetValue(row));
  return static_cast<__int128>(static_cast<unsigned __int128>(static_cast<uint64_t>(value.high_bits())) << 64 |
                               value.low_bits());
}

std::string FormatTimestampCell(const arrow::Array& array, int64_t row) {
  std::string text = base::FormatTimestamp({As<arrow::TimestampArray>(array).Value(row)});
  return HasZone(*array.type()) ? text : WithoutZone(std::move(text));
}

// As DuckDB writes an INTERVAL: 1 year 2 months, or 3 days 04:05:06.000000.
std::string FormatMonths(int32_t months) {
  std::string text;
  auto append = [&](int64_t count, const char* unit) {
    if (count != 0) text += fmt::format("{} {}{} ", count, unit, count == 1 || count == -1 ? "" : "s");
  };
  append(months / kMonthsPerYear, "year");
  append(months % kMonthsPerYear, "month");
  return text + FormatTimeOfDay(0);
}

std::string FormatDuration(int64_t us) { return us < 0 ? "-" + FormatTimeOfDay(-us) : FormatTimeOfDay(us); }

// REQUIRES: the cell is not NULL.
std::string FormatValue(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case Type::BOOL:
      return As<arrow::BooleanArray>(array).Value(row) ? "true" : "false";
    case Type::INT8:
      return std::to_string(As<arrow::Int8Array>(array).Value(row));
    case Type::INT16:
      return std::to_string(As<arrow::Int16Array>(array).Value(row));
    case Type::INT32:
      return std::to_string(As<arrow::Int32Array>(array).Value(row));
    case Type::INT64:
      return std::to_string(As<arrow::Int64Array>(array).Value(row));
    case Type::FLOAT:
      return FormatFloat(As<arrow::FloatArray>(array).Value(row));
    case Type::DOUBLE:
      return FormatFloat(As<arrow::DoubleArray>(array).Value(row));
    case Type::DECIMAL128:
      return FormatScaled(ToInt128(array, row), static_cast<const arrow::Decimal128Type&>(*array.type()).scale());
    case Type::STRING:
      return std::string(As<arrow::StringArray>(array).GetView(row));
    case Type::BINARY:
      return FormatBase64(As<arrow::BinaryArray>(array).GetView(row));
    case Type::DATE32:
      return base::FormatDate({As<arrow::Date32Array>(array).Value(row)});
    case Type::TIMESTAMP:
      return FormatTimestampCell(array, row);
    case Type::INTERVAL_MONTHS:
      return FormatMonths(As<arrow::MonthIntervalArray>(array).Value(row));
    case Type::DURATION:
      return FormatDuration(As<arrow::DurationArray>(array).Value(row));
    case Type::LIST:
      return FormatList(array, row);
    case Type::MAP:
      return FormatMap(array, row);
    case Type::STRUCT:
      return FormatStruct(array, row);
    default:
      QLAKE_CHECK(false);
  }
}

std::string FormatJson(const arrow::Array& array, int64_t row) {
  if (array.type_id() == Type::NA || array.IsNull(row)) return "null";
  std::string text = FormatValue(array, row);
  bool is_float = array.type_id() == Type::FLOAT || array.type_id() == Type::DOUBLE;
  bool as_it_is = IsJsonAlready(*array.type()) && !(is_float && !IsJsonNumber(text));
  return as_it_is ? text : QuoteJson(text);
}

}  // namespace

ResultColumn DescribeArrowColumn(const std::string& name, const arrow::DataType& type) {
  return {name, NameOfType(type), !IsJsonAlready(type), IsNumber(type)};
}

ResultCell FormatArrowCell(const arrow::Array& column, int64_t row) {
  if (column.type_id() == Type::NA || column.IsNull(row)) return std::nullopt;
  return FormatValue(column, row);
}

}  // namespace qlake::engine
