#include "engine/duckdb/file_projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "engine/duckdb/database.h"

namespace qlake::engine {
namespace {

using Form = parquet::Node::Form;
using Kind = delta::DataType::Kind;

const char* PrimitiveName(Kind kind) {
  switch (kind) {
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kByte:
      return "TINYINT";
    case Kind::kShort:
      return "SMALLINT";
    case Kind::kInteger:
      return "INTEGER";
    case Kind::kLong:
      return "BIGINT";
    case Kind::kFloat:
      return "FLOAT";
    case Kind::kDouble:
      return "DOUBLE";
    case Kind::kBinary:
      return "BLOB";
    case Kind::kDate:
      return "DATE";
    case Kind::kTimestamp:
      return "TIMESTAMP WITH TIME ZONE";
    case Kind::kTimestampNtz:
      return "TIMESTAMP";
    default:
      return "VARCHAR";
  }
}

bool EqualsIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

// Where the file holds the field; nullptr: nowhere. Names differ in case where a writer did not care about it.
const parquet::Node* FindNode(const std::vector<parquet::Node>& nodes, const delta::Field& field) {
  if (field.id) {
    auto found = std::ranges::find(nodes, field.id, &parquet::Node::field_id);
    return found == nodes.end() ? nullptr : &*found;
  }
  auto found = std::ranges::find(nodes, field.physical_name, &parquet::Node::name);
  if (found == nodes.end()) {
    found = std::ranges::find_if(
        nodes, [&](const parquet::Node& node) { return EqualsIgnoringCase(node.name, field.physical_name); });
  }
  return found == nodes.end() ? nullptr : &*found;
}

Form FormOf(Kind kind) {
  switch (kind) {
    case Kind::kStruct:
      return Form::kStruct;
    case Kind::kArray:
      return Form::kList;
    case Kind::kMap:
      return Form::kMap;
    default:
      return Form::kOther;
  }
}

bool IsNested(Form form) { return form == Form::kStruct || form == Form::kList || form == Form::kMap; }

// Whether a cast makes the field of the node: every part is there, under its name, in its place.
bool IsAsInFile(const delta::Field& field, const parquet::Node& node) {
  Kind kind = field.type.kind;
  if (kind == Kind::kString) return node.form == Form::kText;
  if (kind == Kind::kBinary) return node.form == Form::kBytes;
  if (FormOf(kind) != (IsNested(node.form) ? node.form : Form::kOther)) return false;
  if (field.type.fields.size() != node.children.size()) return false;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const delta::Field& part = field.type.fields[i];
    // Elements, keys and values go by place, whatever the file calls them.
    bool is_named = kind != Kind::kStruct ||
                    (part.name == node.children[i].name && FindNode(node.children, part) == &node.children[i]);
    if (!is_named || !IsAsInFile(part, node.children[i])) return false;
  }
  return true;
}

}  // namespace

std::string SqlTypeOf(const delta::DataType& type) {
  switch (type.kind) {
    case Kind::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case Kind::kStruct: {
      std::vector<std::string> fields;
      for (const auto& field : type.fields) fields.push_back(QuoteName(field.name) + " " + SqlTypeOf(field.type));
      return fmt::format("STRUCT({})", fmt::join(fields, ", "));
    }
    case Kind::kArray:
      return SqlTypeOf(type.fields[0].type) + "[]";
    case Kind::kMap:
      return fmt::format("MAP({}, {})", SqlTypeOf(type.fields[0].type), SqlTypeOf(type.fields[1].type));
    default:
      return PrimitiveName(type.kind);
  }
}

std::string FileProjection::Column(const delta::Field& column) const {
  const parquet::Node* node = FindNode(file_columns_, column);
  std::string value = node == nullptr ? fmt::format("CAST(NULL AS {})", SqlTypeOf(column.type))
                                      : Value(column, *node, QuoteName(node->name), 0);
  return value + " AS " + QuoteName(column.name);
}

std::string FileProjection::Value(const delta::Field& field, const parquet::Node& node, const std::string& value,
                                  int depth) const {
  Kind kind = field.type.kind;
  std::string type = SqlTypeOf(field.type);
  if (IsAsInFile(field, node)) return fmt::format("CAST({} AS {})", value, type);
  if (kind == Kind::kString && node.form == Form::kBytes) return fmt::format("decode({})", value);
  if (kind == Kind::kBinary && node.form == Form::kText) return fmt::format("encode({})", value);
  if (FormOf(kind) != (IsNested(node.form) ? node.form : Form::kOther)) {
    throw base::CorruptError("{} holds column \"{}\" in a form that the table's type is not made of: {}", name_,
                             field.name, type);
  }
  switch (kind) {
    case Kind::kStruct:
      return StructValue(field, node, value, depth);
    case Kind::kArray: {
      std::string element = fmt::format("_qlake_{}", depth);
      return fmt::format("list_transform({}, lambda {}: {})", value, element,
                         Value(field.type.fields[0], node.children[0], element, depth + 1));
    }
    case Kind::kMap:
      return MapValue(field, node, value, depth);
    default:
      return fmt::format("CAST({} AS {})", value, type);
  }
}

std::string FileProjection::StructValue(const delta::Field& field, const parquet::Node& node, const std::string& value,
                                        int depth) const {
  std::vector<std::string> parts;
  for (const auto& part : field.type.fields) {
    const parquet::Node* child = FindNode(node.children, part);
    std::string part_value = fmt::format("CAST(NULL AS {})", SqlTypeOf(part.type));
    if (child != nullptr) {
      part_value = Value(part, *child, fmt::format("struct_extract({}, {})", value, QuoteLiteral(child->name)), depth);
    }
    parts.push_back(fmt::format("{} := {}", QuoteName(part.name), part_value));
  }
  return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE struct_pack({}) END", value, fmt::join(parts, ", "));
}

std::string FileProjection::MapValue(const delta::Field& field, const parquet::Node& node, const std::string& value,
                                     int depth) const {
  std::string entry = fmt::format("_qlake_{}", depth);
  return fmt::format("map_from_entries(list_transform(map_entries({}), lambda {}: struct_pack(k := {}, v := {})))",
                     value, entry, Value(field.type.fields[0], node.children[0], entry + ".key", depth + 1),
                     Value(field.type.fields[1], node.children[1], entry + ".value", depth + 1));
}

}  // namespace qlake::engine
