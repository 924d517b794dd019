#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "model/fold_plan.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

constexpr const char* kStart = "window_start";

int64_t RowsOf(const delta::AddFile& file) {
  base::Json stats = base::Json::parse(file.stats, nullptr, false);
  return stats.is_object() ? stats.value("numRecords", int64_t{0}) : 0;
}

// Every window begins at the model's multiple of minutes since midnight, UTC.
std::string StartOf(const Model& model) { return fmt::format("window_start(\"timestamp\", {})", model.minutes); }

// The columns of the answers, and those of ours.
std::vector<base::Column> ColumnsOf(engine::Database& database, const Model& model) {
  auto columns = database.Describe(model.sql);
  using Kind = base::ColumnType::Kind;
  if (columns.empty() || columns[0].name != kStart || columns[0].type.kind != Kind::kTimestamp) {
    throw base::InputError("the model of {} must have window_start, a TIMESTAMP WITH TIME ZONE, as its first column",
                           model.table);
  }
  columns.insert(columns.begin() + 1, {"window_end", {Kind::kTimestamp}, false, "the window ends before it"});
  columns.push_back({"revision", {Kind::kLong}, false, "of the window: the highest counts"});
  columns.push_back({"state", {Kind::kString}, false, "open, closed, or revised: changed after it was closed"});
  columns.push_back({"watermark", {Kind::kTimestamp}, false, "up to which time events had come when it was issued"});
  columns.push_back({"issued_at", {Kind::kTimestamp}, false, "when"});
  return columns;
}

}  // namespace

TableBuild BuildWindow(const BuildInput& input) {
  auto& database = input.lake.database();
  const auto& model = input.model;
  std::string name = ShortName(model);
  // What the model's SQL reads beside sums: the windows that are due.
  database.Run(
      "CREATE SCHEMA IF NOT EXISTS due; CREATE SCHEMA IF NOT EXISTS coming; CREATE SCHEMA IF NOT EXISTS issued;"
      "CREATE OR REPLACE TABLE due.windows (window_start TIMESTAMP WITH TIME ZONE)");
  for (const auto& sums : input.sums) {
    if (auto snapshot = input.lake.Load(sums)) database.DefineTable(sums, *snapshot);
  }
  auto columns = ColumnsOf(database, model);
  TableBuild build{MakeTarget(model, columns), {}, true};
  auto base = input.lake.Load(model.table);
  if (base && !input.whole) {
    database.DefineTable(model.table, *base);
  } else {
    database.DefineEmptyTable(model.table, columns);
  }
  database.Run(
      fmt::format("CREATE OR REPLACE TABLE issued.{0} AS SELECT window_start, max(revision) AS revision, "
                  "arg_max(state, revision) AS "
                  "state, max(watermark) AS watermark FROM {1} GROUP BY window_start",
                  name, model.table));
  // Events of the future, as far as the contract lets them be, close no window.
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE due.watermark AS SELECT max(w) AS watermark FROM (SELECT max(least(\"timestamp\", "
      "_broker_time)) AS w FROM changes.{0} WHERE _sign > 0 UNION ALL SELECT max(watermark) FROM issued.{1})",
      model.source, name));
  std::string minutes = fmt::format("to_minutes({})", model.minutes);
  database.Run(fmt::format(
      "INSERT INTO due.windows SELECT DISTINCT {0} FROM changes.{1} WHERE \"timestamp\" IS NOT NULL UNION SELECT "
      "window_start FROM issued.{2}, due.watermark AS w WHERE state = 'open' AND window_start + {3} <= w.watermark",
      StartOf(model), model.source, name, minutes));
  std::string values;
  for (const auto& column : columns) {
    bool is_ours = column.name == "window_end" || column.name == "revision" || column.name == "state" ||
                   column.name == "watermark" || column.name == "issued_at";
    if (!is_ours && column.name != kStart) values += "v." + engine::QuoteName(column.name) + ", ";
  }
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE coming.{0} AS SELECT v.window_start, v.window_start + {1} AS window_end, {2}"
      "coalesce(i.revision, 0) + 1 AS revision, CASE WHEN v.window_start + {1} > w.watermark THEN 'open' WHEN i.state "
      "IN "
      "('closed', 'revised') THEN 'revised' ELSE 'closed' END AS state, w.watermark, CAST({3} AS TIMESTAMP WITH TIME "
      "ZONE) "
      "AS issued_at FROM ({4}\n) AS v LEFT JOIN issued.{0} AS i ON v.window_start = i.window_start, due.watermark AS w",
      name, minutes, values, engine::QuoteLiteral(base::FormatTimestamp(input.lake.clock().Now())), model.sql));
  int64_t coming_rows = database.QueryInteger("SELECT count(*) FROM coming." + name);
  build.changes = coming_rows > 0;
  if (!build.changes) return build;
  std::string rows = "SELECT * FROM coming." + name;
  if (base && !input.whole) {
    std::vector<SummedFile> files;
    for (const auto& [path, file] : base->files()) files.push_back({path, RowsOf(file)});
    build.change.fold_files = PlanFold(std::move(files), coming_rows);
  }
  if (!build.change.fold_files.empty()) {
    database.DefineFiles("folding." + name, *base, build.change.fold_files);
    // Issues of an open window that a later one has replaced are of no use to anyone.
    rows += fmt::format(
        " UNION ALL BY NAME SELECT f.* FROM folding.{0} AS f LEFT JOIN (SELECT window_start, max(revision) AS last "
        "FROM "
        "(SELECT window_start, revision FROM {1} UNION ALL SELECT window_start, revision FROM coming.{0}) GROUP BY "
        "window_start) AS n ON f.window_start = n.window_start WHERE f.state <> 'open' OR f.revision = n.last",
        name, model.table);
  }
  build.change.insert_sql = fmt::format("SELECT * FROM ({}) ORDER BY {}, revision", rows, NameList(model.key));
  return build;
}

}  // namespace qlake::model
