#include <fmt/format.h>

#include "model/table_build.h"

namespace qlake::model {
namespace {

constexpr int64_t kFewRows = 50'000;

std::string ColumnNames(const std::vector<base::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return NameList(names);
}

// Then each mart had better read the rows than have the fact's SQL planned once more.
bool IsOfFewRows(const BuildInput& input) {
  return input.source != nullptr && input.source->accepted() <= kFewRows;
}

// All rows that the fact shall hold, against those that it holds.
TableBuild DeriveAnew(const BuildInput& input, const std::string& name) {
  auto& engine = input.engine;
  const auto& model = input.model;
  auto columns = engine.Describe(model.sql);
  // A view over thousands of files is dear, and only rows that are derived anew are held against it.
  DefineBase(input, columns);
  TableBuild build{MakeTarget(model, columns), {}, true};
  std::string names = ColumnNames(columns);
  engine.DefineRows("coming." + name,
                    fmt::format("SELECT {0} FROM ({1}) EXCEPT SELECT {0} FROM {2}", names, model.sql, model.table));
  engine.DefineRows("going." + name,
                    fmt::format("SELECT {0} FROM {2} EXCEPT SELECT {0} FROM ({1})", names, model.sql, model.table));
  build.change.remove_sql = fmt::format("SELECT {} FROM going.{}", NameList(model.key), name);
  build.change.key_columns = model.key;
  build.change.insert_sql = fmt::format("SELECT * FROM coming.{}", name);
  engine.DefineView("changes." + name, fmt::format("SELECT *, 1 AS _sign FROM coming.{0} UNION ALL "
                                                   "SELECT *, -1 FROM going.{0}",
                                                   name));
  return build;
}

}  // namespace

TableBuild BuildFact(const BuildInput& input) {
  auto& engine = input.engine;
  const auto& model = input.model;
  std::string name = ShortName(model);
  if (input.whole) return DeriveAnew(input, name);
  std::string changes = fmt::format("SELECT *, 1 AS _sign FROM ({})", model.sql);
  std::vector<base::Column> columns;
  if (IsOfFewRows(input)) {
    engine.DefineRows("changed." + name, changes);
    changes = "SELECT * FROM changed." + name;
    columns = engine.Describe(changes);
    columns.pop_back();  // _sign
  } else {
    columns = engine.Describe(model.sql);
  }
  engine.DefineView("changes." + name, changes);
  TableBuild build{MakeTarget(model, columns), {}, true};
  build.change.insert_sql = model.sql;
  return build;
}

TableBuild BuildUpsert(const BuildInput& input) {
  auto& engine = input.engine;
  const auto& model = input.model;
  std::string name = ShortName(model);
  auto columns = engine.Describe(model.sql);
  DefineBase(input, columns);
  engine.DefineRows("coming." + name, fmt::format("({}) EXCEPT SELECT * FROM {}", model.sql, model.table));
  std::string keys = NameList(model.key);
  std::string going = fmt::format("SELECT {0} FROM {1} INTERSECT SELECT {0} FROM coming.{2}", keys, model.table, name);
  if (input.whole) {
    going += fmt::format(" UNION SELECT * FROM (SELECT {0} FROM {1} EXCEPT SELECT {0} FROM ({2}))", keys, model.table,
                         model.sql);
  }
  engine.DefineRows("going." + name, going);
  TableBuild build{MakeTarget(model, columns), {}, true};
  build.change.insert_sql = fmt::format("SELECT * FROM coming.{} ORDER BY {}", name, keys);
  if (engine.QueryInteger("SELECT count(*) FROM going." + name) > 0) {
    build.change.remove_sql = "SELECT * FROM going." + name;
    build.change.key_columns = model.key;
  }
  build.changes = !build.change.remove_sql.empty() || engine.QueryInteger("SELECT count(*) FROM coming." + name) > 0;
  return build;
}

}  // namespace qlake::model
