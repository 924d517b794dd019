#include <fmt/format.h>

#include "model/table_build.h"

namespace qlake::model {
namespace {

std::string ColumnNames(const std::vector<base::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return NameList(names);
}

}  // namespace

TableBuild BuildFact(const BuildInput& input) {
  auto& database = input.lake.database();
  const auto& model = input.model;
  std::string name = ShortName(model);
  auto columns = database.Describe(model.sql);
  // A view over thousands of files is dear, and only rows that are derived anew are held against it.
  if (input.whole) DefineBase(input, columns);
  database.Run(
      "CREATE SCHEMA IF NOT EXISTS changes; CREATE SCHEMA IF NOT EXISTS coming; CREATE SCHEMA IF NOT EXISTS going");
  TableBuild build{MakeTarget(model, columns), {}, true};
  if (input.whole) {
    // All rows that the fact shall hold, against those that it holds.
    std::string names = ColumnNames(columns);
    database.Run(fmt::format("CREATE OR REPLACE TABLE coming.{0} AS SELECT {1} FROM ({2}) EXCEPT SELECT {1} FROM {3}",
                             name, names, model.sql, model.table));
    database.Run(fmt::format("CREATE OR REPLACE TABLE going.{0} AS SELECT {1} FROM {3} EXCEPT SELECT {1} FROM ({2})",
                             name, names, model.sql, model.table));
    build.change.remove_sql = fmt::format("SELECT {} FROM going.{}", NameList(model.key), name);
    build.change.key_columns = model.key;
    build.change.insert_sql = fmt::format("SELECT * FROM coming.{}", name);
    database.Run(
        fmt::format("CREATE OR REPLACE VIEW changes.{0} AS SELECT *, 1 AS _sign FROM coming.{0} UNION ALL "
                    "SELECT *, -1 FROM going.{0}",
                    name));
  } else {
    build.change.insert_sql = model.sql;
    database.Run(fmt::format("CREATE OR REPLACE VIEW changes.{} AS SELECT *, 1 AS _sign FROM ({})", name, model.sql));
  }
  return build;
}

TableBuild BuildUpsert(const BuildInput& input) {
  auto& database = input.lake.database();
  const auto& model = input.model;
  std::string name = ShortName(model);
  auto columns = database.Describe(model.sql);
  DefineBase(input, columns);
  database.Run("CREATE SCHEMA IF NOT EXISTS coming; CREATE SCHEMA IF NOT EXISTS going");
  database.Run(
      fmt::format("CREATE OR REPLACE TABLE coming.{} AS ({}) EXCEPT SELECT * FROM {}", name, model.sql, model.table));
  std::string keys = NameList(model.key);
  std::string going = fmt::format("SELECT {0} FROM {1} INTERSECT SELECT {0} FROM coming.{2}", keys, model.table, name);
  if (input.whole) {
    going += fmt::format(" UNION SELECT * FROM (SELECT {0} FROM {1} EXCEPT SELECT {0} FROM ({2}))", keys, model.table,
                         model.sql);
  }
  database.Run(fmt::format("CREATE OR REPLACE TABLE going.{} AS {}", name, going));
  TableBuild build{MakeTarget(model, columns), {}, true};
  build.change.insert_sql = fmt::format("SELECT * FROM coming.{} ORDER BY {}", name, keys);
  if (database.QueryInteger("SELECT count(*) FROM going." + name) > 0) {
    build.change.remove_sql = "SELECT * FROM going." + name;
    build.change.key_columns = model.key;
  }
  build.changes = !build.change.remove_sql.empty() || database.QueryInteger("SELECT count(*) FROM coming." + name) > 0;
  return build;
}

}  // namespace qlake::model
