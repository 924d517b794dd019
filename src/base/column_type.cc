#include "base/column_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace qlake::base {
namespace {

using Kind = ColumnType::Kind;

struct TypeName {
  Kind kind;
  std::string_view delta;
  std::string_view sql;
};

constexpr std::array<TypeName, 8> kNames = {{{Kind::kBoolean, "boolean", "BOOLEAN"},
                                             {Kind::kInteger, "integer", "INTEGER"},
                                             {Kind::kLong, "long", "BIGINT"},
                                             {Kind::kDouble, "double", "DOUBLE"},
                                             {Kind::kString, "string", "VARCHAR"},
                                             {Kind::kBinary, "binary", "BLOB"},
                                             {Kind::kDate, "date", "DATE"},
                                             {Kind::kTimestamp, "timestamp", "TIMESTAMP WITH TIME ZONE"}}};

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

std::optional<ColumnType> ParseDecimal(const std::string& upper) {
  int precision = 0;
  int scale = 0;
  int length = 0;
  if (std::sscanf(upper.c_str(), "DECIMAL(%d,%d)%n", &precision, &scale, &length) != 2) return std::nullopt;
  if (length != static_cast<int>(upper.size())) return std::nullopt;
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return std::nullopt;
  return ColumnType{Kind::kDecimal, precision, scale};
}

}  // namespace

std::string FormatDeltaType(ColumnType type) {
  for (const auto& name : kNames) {
    if (name.kind == type.kind) return std::string(name.delta);
  }
  return fmt::format("decimal({},{})", type.precision, type.scale);
}

std::optional<ColumnType> ParseDeltaType(std::string_view text) {
  for (const auto& name : kNames) {
    if (name.delta == text) return ColumnType{name.kind};
  }
  return ParseDecimal(Upper(text));
}

std::string FormatSqlType(ColumnType type) {
  for (const auto& name : kNames) {
    if (name.kind == type.kind) return std::string(name.sql);
  }
  return fmt::format("DECIMAL({},{})", type.precision, type.scale);
}

std::optional<ColumnType> ParseSqlType(std::string_view text) {
  std::string upper = Upper(text);
  if (upper == "TEXT" || upper == "STRING") return ColumnType{Kind::kString};
  if (upper == "INT") return ColumnType{Kind::kInteger};
  if (upper == "TIMESTAMPTZ") return ColumnType{Kind::kTimestamp};
  for (const auto& name : kNames) {
    if (name.sql == upper) return ColumnType{name.kind};
  }
  upper.erase(std::remove(upper.begin(), upper.end(), ' '), upper.end());
  return ParseDecimal(upper);
}

}  // namespace qlake::base
