#include "base/error.h"
#include "base/json.h"
#include "delta/actions.h"

namespace qlake::delta {
namespace {

constexpr const char* kPersonalKey = "qlake.personal";
constexpr const char* kCommentKey = "comment";

base::Json ToField(const base::Column& column) {
  base::Json metadata = base::Json::object();
  if (column.personal) metadata[kPersonalKey] = true;
  if (!column.comment.empty()) metadata[kCommentKey] = column.comment;
  return {{"name", column.name},
          {"type", base::FormatDeltaType(column.type)},
          {"nullable", true},
          {"metadata", std::move(metadata)}};
}

base::Column FromField(const base::Json& field) {
  base::Column column;
  column.name = field.at("name").get<std::string>();
  const base::Json& type = field.at("type");
  auto parsed = type.is_string() ? base::ParseDeltaType(type.get<std::string>()) : std::nullopt;
  if (!parsed) throw base::InputError("column \"{}\" has a type that is not supported: {}", column.name, type.dump());
  column.type = *parsed;
  if (field.contains("metadata")) {
    const base::Json& metadata = field["metadata"];
    column.personal = metadata.value(kPersonalKey, false);
    column.comment = metadata.value(kCommentKey, std::string());
  }
  return column;
}

}  // namespace

std::string ToSchemaJson(const std::vector<base::Column>& columns) {
  base::Json fields = base::Json::array();
  for (const base::Column& column : columns) fields.push_back(ToField(column));
  return base::Json{{"type", "struct"}, {"fields", std::move(fields)}}.dump();
}

std::vector<base::Column> FromSchemaJson(const std::string& schema_json) {
  try {
    const base::Json schema = base::Json::parse(schema_json);
    std::vector<base::Column> columns;
    for (const base::Json& field : schema.at("fields")) columns.push_back(FromField(field));
    return columns;
  } catch (const base::Json::exception& error) {
    throw base::CorruptError("a table's schema is not what the Delta protocol says ({}): {}", error.what(),
                             schema_json.substr(0, 200));
  }
}

}  // namespace qlake::delta
