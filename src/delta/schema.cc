#include "delta/schema.h"

#include <array>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "delta/table_support.h"

namespace qlake::delta {
namespace {

using Kind = DataType::Kind;

constexpr const char* kPhysicalNameKey = "delta.columnMapping.physicalName";
constexpr const char* kIdKey = "delta.columnMapping.id";
constexpr const char* kTypeChangesKey = "delta.typeChanges";
constexpr int kDepthMax = 100;  // Of nested types; beyond any that is meant.

constexpr std::array<std::pair<std::string_view, Kind>, 12> kPrimitives = {{{"boolean", Kind::kBoolean},
                                                                            {"byte", Kind::kByte},
                                                                            {"short", Kind::kShort},
                                                                            {"integer", Kind::kInteger},
                                                                            {"long", Kind::kLong},
                                                                            {"float", Kind::kFloat},
                                                                            {"double", Kind::kDouble},
                                                                            {"string", Kind::kString},
                                                                            {"binary", Kind::kBinary},
                                                                            {"date", Kind::kDate},
                                                                            {"timestamp", Kind::kTimestamp},
                                                                            {"timestamp_ntz", Kind::kTimestampNtz}}};

std::optional<DataType> ParseDecimal(const std::string& text) {
  constexpr int kPrecisionMax = 38;
  DataType type{.kind = Kind::kDecimal};
  int length = 0;
  if (text == "decimal") return DataType{.kind = Kind::kDecimal, .precision = 10, .scale = 0};
  if (std::sscanf(text.c_str(), "decimal(%d,%d)%n", &type.precision, &type.scale, &length) != 2) return std::nullopt;
  if (length != static_cast<int>(text.size())) return std::nullopt;
  bool fits = type.precision >= 1 && type.precision <= kPrecisionMax && type.scale >= 0 && type.scale <= type.precision;
  return fits ? std::optional(std::move(type)) : std::nullopt;
}

std::optional<DataType> ParsePrimitive(const std::string& text) {
  for (const auto& [name, kind] : kPrimitives) {
    if (name == text) return DataType{.kind = kind};
  }
  return ParseDecimal(text);
}

// Digits before the point that a whole number of the type may need; nothing for other types.
std::optional<int> WholeDigits(Kind kind) {
  switch (kind) {
    case Kind::kByte:
    case Kind::kShort:
    case Kind::kInteger:
      return 10;
    case Kind::kLong:
      return 20;
    default:
      return std::nullopt;
  }
}

// PROTOCOL.md, "Type Widening": what a file may hold for a column that is of a wider type by now.
bool IsWidening(const DataType& from, const DataType& to) {
  bool from_integer = from.kind >= Kind::kByte && from.kind <= Kind::kInteger;
  if (to.kind == Kind::kDecimal && from.kind == Kind::kDecimal) {
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
  }
  if (to.kind == Kind::kDecimal) {
    auto digits = WholeDigits(from.kind);
    return digits && to.precision - to.scale >= *digits;
  }
  if (to.kind >= Kind::kByte && to.kind <= Kind::kLong) return from.kind >= Kind::kByte && from.kind <= to.kind;
  if (to.kind == Kind::kDouble) return from_integer || from.kind == Kind::kFloat || from.kind == Kind::kDouble;
  if (to.kind == Kind::kTimestampNtz) return from.kind == Kind::kDate;
  return false;
}

class SchemaParser {
 public:
  SchemaParser(const std::string& table_path, ColumnMapping mapping) : table_path_(table_path), mapping_(mapping) {}

  std::vector<Field> ParseFields(const base::Json& fields, const std::string& parent, int depth) const {
    std::vector<Field> parsed;
    for (const base::Json& field : fields) {
      std::string name = field.at("name").get<std::string>();
      std::string path = parent.empty() ? name : parent + "." + name;
      Field column{.name = name, .physical_name = name, .type = ParseType(field.at("type"), path, depth)};
      base::Json metadata = field.value("metadata", base::Json::object());
      if (mapping_ != ColumnMapping::kNone) Map(metadata, path, column);
      if (metadata.contains(kTypeChangesKey)) RequireWidenings(metadata[kTypeChangesKey], path);
      parsed.push_back(std::move(column));
    }
    return parsed;
  }

 private:
  DataType ParseType(const base::Json& type, const std::string& path, int depth) const {
    if (type.is_string()) {
      auto primitive = ParsePrimitive(type.get<std::string>());
      if (!primitive) FailFor(path, type);
      return *std::move(primitive);
    }
    if (depth > kDepthMax) FailFor(path, "nested too deeply");
    std::string form = type.at("type").get<std::string>();
    if (form == "struct") {
      DataType parsed{.kind = Kind::kStruct, .fields = ParseFields(type.at("fields"), path, depth + 1)};
      if (parsed.fields.empty()) FailFor(path, type);
      return parsed;
    }
    if (form == "array") {
      return {.kind = Kind::kArray, .fields = {Part("element", type.at("elementType"), path, depth)}};
    }
    if (form == "map") {
      return {
          .kind = Kind::kMap,
          .fields = {Part("key", type.at("keyType"), path, depth), Part("value", type.at("valueType"), path, depth)}};
    }
    FailFor(path, type);
  }

  Field Part(const std::string& name, const base::Json& type, const std::string& path, int depth) const {
    return {.name = name, .physical_name = name, .type = ParseType(type, path + "." + name, depth + 1)};
  }

  void Map(const base::Json& metadata, const std::string& path, Field& column) const {
    if (!metadata.contains(kPhysicalNameKey) || (mapping_ == ColumnMapping::kId && !metadata.contains(kIdKey))) {
      throw base::CorruptError("table {} maps its columns, but its schema does not say to what: column \"{}\"",
                               table_path_, path);
    }
    column.physical_name = metadata[kPhysicalNameKey].get<std::string>();
    if (mapping_ == ColumnMapping::kId) column.id = metadata[kIdKey].get<int32_t>();
  }

  void RequireWidenings(const base::Json& changes, const std::string& path) const {
    for (const base::Json& change : changes) {
      std::string from = change.at("fromType").get<std::string>();
      std::string to = change.at("toType").get<std::string>();
      if (delta::IsWidening(from, to)) continue;
      throw base::InputError(
          "table {} needs a feature that is not supported: typeWidening of column \"{}\" from {} to {}", table_path_,
          path, from, to);
    }
  }

  [[noreturn]] void FailFor(const std::string& path, const base::Json& type) const {
    throw base::InputError("table {} has a column of a type that is not supported: \"{}\" is {}", table_path_, path,
                           type.dump());
  }

  const std::string& table_path_;
  ColumnMapping mapping_;
};

}  // namespace

bool IsWidening(const std::string& from, const std::string& to) {
  auto from_type = ParsePrimitive(from);
  auto to_type = ParsePrimitive(to);
  return from_type && to_type && IsWidening(*from_type, *to_type);
}

std::vector<Field> ParseSchema(const Snapshot& snapshot) {
  const std::string& schema_json = snapshot.metadata().schema_json;
  auto mapping = ColumnMappingOf(snapshot.protocol(), snapshot.metadata());
  QLAKE_CHECK(mapping);  // Or the snapshot would not have been loaded.
  try {
    const base::Json schema = base::Json::parse(schema_json);
    return SchemaParser(snapshot.table_path(), *mapping).ParseFields(schema.at("fields"), "", 0);
  } catch (const base::Json::exception& error) {
    throw base::CorruptError("the schema of table {} is not what the Delta protocol says ({}): {}",
                             snapshot.table_path(), error.what(), schema_json.substr(0, 200));
  }
}

}  // namespace qlake::delta
