#include "engine/duckdb/logical_type.h"

#include <fmt/format.h>

#include "engine/duckdb/handles.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

struct SimpleType {
  duckdb_type id;
  const char* name;
  std::optional<Kind> kind;
};

constexpr SimpleType kSimpleTypes[] = {
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN", Kind::kBoolean},
    {DUCKDB_TYPE_TINYINT, "TINYINT", Kind::kInteger},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT", Kind::kInteger},
    {DUCKDB_TYPE_INTEGER, "INTEGER", Kind::kInteger},
    {DUCKDB_TYPE_BIGINT, "BIGINT", Kind::kLong},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT", Kind::kInteger},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT", Kind::kInteger},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER", Kind::kLong},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT", std::nullopt},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT", std::nullopt},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT", std::nullopt},
    {DUCKDB_TYPE_FLOAT, "FLOAT", Kind::kDouble},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE", Kind::kDouble},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR", Kind::kString},
    {DUCKDB_TYPE_BLOB, "BLOB", Kind::kBinary},
    {DUCKDB_TYPE_DATE, "DATE", Kind::kDate},
    {DUCKDB_TYPE_TIME, "TIME", std::nullopt},
    {DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE", std::nullopt},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", Kind::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", Kind::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", Kind::kTimestamp},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", std::nullopt},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", Kind::kTimestamp},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL", std::nullopt},
    {DUCKDB_TYPE_UUID, "UUID", std::nullopt},
    {DUCKDB_TYPE_BIT, "BIT", std::nullopt},
    {DUCKDB_TYPE_BIGNUM, "BIGNUM", std::nullopt},
    {DUCKDB_TYPE_SQLNULL, "NULL", std::nullopt},
};

const SimpleType* FindSimpleType(duckdb_type id) {
  for (const auto& simple : kSimpleTypes) {
    if (simple.id == id) return &simple;
  }
  return nullptr;
}

LogicalType ReadChild(duckdb_logical_type child) {
  TypeHandle owned(child);
  return LogicalType::Read(owned.get());
}

void ReadStruct(duckdb_logical_type type, LogicalType& read) {
  idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    read.labels.push_back(TakeText(duckdb_struct_type_child_name(type, i)));
    read.children.push_back(ReadChild(duckdb_struct_type_child_type(type, i)));
  }
}

void ReadUnion(duckdb_logical_type type, LogicalType& read) {
  idx_t count = duckdb_union_type_member_count(type);
  for (idx_t i = 0; i < count; ++i) {
    read.labels.push_back(TakeText(duckdb_union_type_member_name(type, i)));
    read.children.push_back(ReadChild(duckdb_union_type_member_type(type, i)));
  }
}

void ReadEnum(duckdb_logical_type type, LogicalType& read) {
  read.storage = duckdb_enum_internal_type(type);
  uint32_t count = duckdb_enum_dictionary_size(type);
  for (uint32_t i = 0; i < count; ++i) read.labels.push_back(TakeText(duckdb_enum_dictionary_value(type, i)));
}

std::string FormatMembers(const LogicalType& type) {
  std::string members;
  for (size_t i = 0; i < type.children.size(); ++i) {
    members += fmt::format("{}{} {}", i == 0 ? "" : ", ", type.labels[i], FormatType(type.children[i]));
  }
  return members;
}

}  // namespace

LogicalType LogicalType::Read(duckdb_logical_type type) {
  LogicalType read;
  read.id = duckdb_get_type_id(type);
  read.storage = read.id;
  switch (read.id) {
    case DUCKDB_TYPE_VARCHAR:
      read.is_json = TakeText(duckdb_logical_type_get_alias(type)) == "JSON";
      break;
    case DUCKDB_TYPE_DECIMAL:
      read.precision = duckdb_decimal_width(type);
      read.scale = duckdb_decimal_scale(type);
      read.storage = duckdb_decimal_internal_type(type);
      break;
    case DUCKDB_TYPE_ENUM:
      ReadEnum(type, read);
      break;
    case DUCKDB_TYPE_LIST:
      read.children.push_back(ReadChild(duckdb_list_type_child_type(type)));
      break;
    case DUCKDB_TYPE_ARRAY:
      read.array_size = duckdb_array_type_array_size(type);
      read.children.push_back(ReadChild(duckdb_array_type_child_type(type)));
      break;
    case DUCKDB_TYPE_MAP:
      read.children.push_back(ReadChild(duckdb_map_type_key_type(type)));
      read.children.push_back(ReadChild(duckdb_map_type_value_type(type)));
      break;
    case DUCKDB_TYPE_STRUCT:
      ReadStruct(type, read);
      break;
    case DUCKDB_TYPE_UNION:
      ReadUnion(type, read);
      break;
    default:
      break;
  }
  return read;
}

std::string FormatType(const LogicalType& type) {
  if (type.is_json) return "JSON";
  switch (type.id) {
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_LIST:
      return FormatType(type.children[0]) + "[]";
    case DUCKDB_TYPE_ARRAY:
      return fmt::format("{}[{}]", FormatType(type.children[0]), type.array_size);
    case DUCKDB_TYPE_MAP:
      return fmt::format("MAP({}, {})", FormatType(type.children[0]), FormatType(type.children[1]));
    case DUCKDB_TYPE_STRUCT:
      return fmt::format("STRUCT({})", FormatMembers(type));
    case DUCKDB_TYPE_UNION:
      return fmt::format("UNION({})", FormatMembers(type));
    default:
      break;
  }
  const auto* simple = FindSimpleType(type.id);
  return simple == nullptr ? "UNKNOWN" : simple->name;
}

std::optional<base::ColumnType> ToColumnType(const LogicalType& type) {
  if (type.id == DUCKDB_TYPE_DECIMAL) return base::ColumnType{Kind::kDecimal, type.precision, type.scale};
  const auto* simple = FindSimpleType(type.id);
  if (simple == nullptr || !simple->kind) return std::nullopt;
  return base::ColumnType{*simple->kind};
}

bool IsStoredAs(const LogicalType& type, const base::ColumnType& column_type) {
  switch (column_type.kind) {
    case Kind::kInteger:
      return type.id == DUCKDB_TYPE_INTEGER;
    case Kind::kLong:
      return type.id == DUCKDB_TYPE_BIGINT;
    case Kind::kDouble:
      return type.id == DUCKDB_TYPE_DOUBLE;
    case Kind::kTimestamp:
      return type.id == DUCKDB_TYPE_TIMESTAMP_TZ;
    default:
      return ToColumnType(type) == column_type;
  }
}

}  // namespace qlake::engine
