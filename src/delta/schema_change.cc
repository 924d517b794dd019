#include "delta/schema_change.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "delta/actions.h"
#include "delta/schema.h"

namespace qlake::delta {
namespace {

constexpr const char* kPersonalKey = "qlake.personal";

bool EqualsIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

class SchemaChanger {
 public:
  SchemaChanger(const std::string& table_path, const std::string& schema_json, const std::vector<base::Column>& wanted)
      : table_path_(table_path), wanted_(wanted) {
    if (schema_json.empty()) {
      schema_ = {{"type", "struct"}, {"fields", base::Json::array()}};
    } else {
      schema_ = base::Json::parse(schema_json);
    }
    before_ = schema_;
  }

  SchemaChange Change() {
    for (base::Json& field : schema_.at("fields")) change_.columns.push_back(ChangeField(field));
    for (const base::Column& column : wanted_) {
      if (Find(change_.columns, column.name) == nullptr) Add(column);
    }
    change_.changes = schema_ != before_;
    change_.schema_json = schema_.dump();
    return std::move(change_);
  }

 private:
  static const base::Column* Find(const std::vector<base::Column>& columns, const std::string& name) {
    auto found = std::ranges::find(columns, name, &base::Column::name);
    return found == columns.end() ? nullptr : &*found;
  }

  base::Column ChangeField(base::Json& field) {
    base::Column column = ReadField(field);
    const base::Column* wanted = Find(wanted_, column.name);
    if (wanted == nullptr || !wanted->personal || column.personal) return column;
    column.personal = true;
    field["metadata"][kPersonalKey] = true;
    change_.made_personal.push_back(column.name);
    return column;
  }

  // The column as it will be. Widens the field.
  base::Column ReadField(base::Json& field) {
    auto name = field.at("name").get<std::string>();
    const base::Json type = field.at("type");
    const base::Column* wanted = Find(wanted_, name);
    auto present = type.is_string() ? base::ParseDeltaType(type.get<std::string>()) : std::nullopt;
    if (wanted != nullptr && present != wanted->type) {
      if (!type.is_string() || !IsWidening(type.get<std::string>(), base::FormatDeltaType(wanted->type))) {
        FailFor(name, type, wanted->type);
      }
      field["type"] = base::FormatDeltaType(wanted->type);
      change_.widened.push_back(name);
    }
    return FromSchemaJson(base::Json{{"fields", {field}}}.dump()).front();
  }

  [[noreturn]] void FailFor(const std::string& name, const base::Json& type, base::ColumnType wanted) const {
    auto present = type.is_string() ? base::ParseDeltaType(type.get<std::string>()) : std::nullopt;
    std::string present_name = present ? base::FormatSqlType(*present) : type.dump();
    std::string wanted_name = base::FormatSqlType(wanted);
    if (present && IsWidening(base::FormatDeltaType(wanted), base::FormatDeltaType(*present))) {
      throw base::InputError(
          "table {} has column {} as {}, it cannot be narrowed to {}: its values might not fit. CAST it to {}, or "
          "write a new table",
          table_path_, name, present_name, wanted_name, present_name);
    }
    throw base::InputError("table {} has column {} as {}, it cannot be written as {}", table_path_, name, present_name,
                           wanted_name);
  }

  void Add(const base::Column& column) {
    for (const base::Column& present : change_.columns) {
      if (!EqualsIgnoringCase(present.name, column.name)) continue;
      throw base::InputError("table {} cannot have two columns whose names differ in case alone: {} and {}",
                             table_path_, present.name, column.name);
    }
    change_.columns.push_back(column);
    schema_["fields"].push_back(base::Json::parse(ToSchemaJson({column})).at("fields").front());
  }

  const std::string& table_path_;
  const std::vector<base::Column>& wanted_;
  base::Json schema_;
  base::Json before_;
  SchemaChange change_;
};

}  // namespace

SchemaChange ChangeSchema(const std::string& table_path, const std::string& schema_json,
                          const std::vector<base::Column>& wanted, const std::vector<std::string>& partition_columns) {
  SchemaChange change;
  try {
    change = SchemaChanger(table_path, schema_json, wanted).Change();
  } catch (const base::Json::exception& error) {
    throw base::CorruptError("the schema of table {} is not what the Delta protocol says ({}): {}", table_path,
                             error.what(), schema_json.substr(0, 200));
  }
  for (const base::Column& column : change.columns) {
    if (!column.personal || std::ranges::find(partition_columns, column.name) == partition_columns.end()) continue;
    throw base::InputError(
        "table {} cannot be partitioned by {}: the column is personal, and its values would stand in the log and in "
        "folders' names",
        table_path, column.name);
  }
  return change;
}

}  // namespace qlake::delta
