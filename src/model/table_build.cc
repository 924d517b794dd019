#include "model/table_build.h"

#include <algorithm>

#include "base/error.h"

namespace qlake::model {

void DefineBase(const BuildInput& input, const std::vector<base::Column>& columns) {
  auto base = input.lake.LoadVersion(input.model.table, input.base_version);
  if (base) {
    input.engine.DefineTable(input.model.table, *base);
  } else {
    input.engine.DefineEmptyTable(input.model.table, columns);
  }
}

engine::TableTarget MakeTarget(const Model& model, std::vector<base::Column> columns) {
  for (const auto& name : model.personal) {
    auto column = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
    if (column == columns.end()) {
      throw base::InputError("the model of {} calls a column personal that it does not have: {}", model.table, name);
    }
    column->personal = true;
  }
  return {lake::TablePath(model.table), std::move(columns), model.partition_columns, model.description, model.settings};
}

std::string NameList(const std::vector<std::string>& names, const std::string& prefix) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(prefix + engine::QuoteName(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string ShortName(const Model& model) { return model.table.substr(model.table.find('.') + 1); }

void LetGo(const BuildInput& input, const std::vector<std::string>& tables) {
  if (input.source == nullptr) return;
  std::string drops;
  for (const auto& table : tables) drops += fmt::format("DROP TABLE IF EXISTS {};", table);
  input.engine.Run(drops);
}

bool Differ(engine::Engine& engine, const std::string& a, const std::string& b) {
  return engine.QueryInteger(
             fmt::format("SELECT count(*) FROM ((SELECT * FROM {0} EXCEPT ALL SELECT * FROM {1}) UNION ALL "
                         "(SELECT * FROM {1} EXCEPT ALL SELECT * FROM {0}))",
                         a, b)) != 0;
}

}  // namespace qlake::model
