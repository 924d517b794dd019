#include "engine/duckdb/table_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "delta/table_properties.h"
#include "delta/table_support.h"

namespace qlake::engine {
namespace {

// Names of the properties that a target set, a JSON array: what it no longer asks for goes, and nothing else does.
constexpr const char* kOwnedProperties = "qlake.properties";

using Configuration = std::map<std::string, std::string>;

std::set<std::string> OwnedProperties(const Configuration& configuration) {
  std::set<std::string> names;
  auto found = configuration.find(kOwnedProperties);
  if (found == configuration.end()) return names;
  base::Json parsed = base::Json::parse(found->second, nullptr, false);
  if (!parsed.is_array()) return names;  // Somebody else's.
  for (const auto& name : parsed) {
    if (name.is_string()) names.insert(name.get<std::string>());
  }
  return names;
}

Configuration Configure(Configuration configuration, const TableSettings& settings) {
  Configuration wanted = settings.properties;
  for (const auto& check : settings.checks) wanted[std::string(delta::kCheckPrefix) + check.name] = check.sql;
  for (const auto& name : OwnedProperties(configuration)) configuration.erase(name);
  configuration.erase(kOwnedProperties);
  if (wanted.empty()) return configuration;
  base::Json owned = base::Json::array();
  for (const auto& [name, value] : wanted) {
    configuration[name] = value;
    owned.push_back(name);
  }
  configuration[kOwnedProperties] = owned.dump();
  return configuration;
}

void RequireSettings(const std::string& table_path, const TableSettings& settings) {
  try {
    for (const auto& [name, value] : settings.properties) delta::RequireProperty(name, value);
  } catch (const base::Error& error) {
    throw base::InputError("table {}: {}", table_path, error.message());
  }
}

delta::Metadata NewMetadata(const TableTarget& target, const base::Clock& clock) {
  return {.id = base::NewUuid(),
          .name = target.path.substr(target.path.rfind('/') + 1),
          .description = target.description,
          .partition_columns = target.partition_columns,
          .created_time_ms = clock.Now().us / 1000};
}

std::vector<std::string> ColumnNamesOf(const std::string& schema_json) {
  std::vector<std::string> names;
  const base::Json schema = base::Json::parse(schema_json);
  for (const auto& field : schema.at("fields")) names.push_back(field.at("name").get<std::string>());
  return names;
}

void RequireFreeNames(const std::string& table_path, const TableShape& shape) {
  if (!delta::KeepsChanges(shape.metadata)) return;
  for (const char* name : {"_change_type", "_commit_version", "_commit_timestamp"}) {
    if (std::ranges::find(shape.columns(), name, &base::Column::name) == shape.columns().end()) continue;
    throw base::InputError(
        "table {} cannot keep change data (delta.enableChangeDataFeed) while it has a column of a name that change "
        "data uses: {}",
        table_path, name);
  }
}

}  // namespace

TableShape ShapeTable(const TableTarget& target, const std::optional<delta::Snapshot>& base, const base::Clock& clock) {
  if (base) delta::RequireWritable(target.path, base->protocol(), base->metadata());
  if (base && base->metadata().partition_columns != target.partition_columns) {
    throw base::InputError(
        "table {} is partitioned by ({}) and shall be written as partitioned by ({}): write a new table", target.path,
        fmt::join(base->metadata().partition_columns, ", "), fmt::join(target.partition_columns, ", "));
  }
  TableShape shape;
  shape.metadata = base ? base->metadata() : NewMetadata(target, clock);
  shape.schema = delta::ChangeSchema(target.path, shape.metadata.schema_json, target.columns, target.partition_columns);
  if (base) shape.present_columns = ColumnNamesOf(base->metadata().schema_json);
  if (!base || shape.schema.changes) shape.metadata.schema_json = shape.schema.schema_json;
  if (target.settings) {
    RequireSettings(target.path, *target.settings);
    shape.metadata.configuration = Configure(std::move(shape.metadata.configuration), *target.settings);
  }
  shape.changes = !base || shape.schema.changes || shape.metadata.configuration != base->metadata().configuration;
  RequireFreeNames(target.path, shape);
  shape.constraints = delta::ConstraintsOf(shape.metadata);
  auto present = base ? delta::ConstraintsOf(base->metadata()) : std::vector<delta::Constraint>();
  std::ranges::copy_if(shape.constraints, std::back_inserter(shape.new_constraints),
                       [&](const auto& constraint) { return std::ranges::find(present, constraint) == present.end(); });
  return shape;
}

}  // namespace qlake::engine
