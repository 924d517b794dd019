#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/context.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "cli/quantity.h"
#include "cli/run_summary.h"
#include "run/runner.h"

namespace qlake::cli {
namespace {

void Print(Context& context, const run::RunReport& report) {
  if (context.json) {
    base::Json tables = base::Json::array();
    for (const auto& source : report.materialized) {
      tables.push_back({{"table", source.table},
                        {"version", source.version},
                        {"files", source.files},
                        {"rows_inserted", source.rows_inserted},
                        {"rows_removed", source.rows_removed}});
    }
    context.out << base::Json{{"run_id", report.run_id}, {"tables", tables}}.dump() << "\n";
    return;
  }
  for (const auto& source : report.materialized) {
    if (source.files == 0) {
      context.out << fmt::format("{}: has the rows of every file\n", source.table);
      continue;
    }
    context.out << fmt::format("{}: version {}: {} rows of {} files came, {} went\n", source.table, source.version,
                               FormatCount(source.rows_inserted), FormatCount(source.files),
                               FormatCount(source.rows_removed));
  }
}

int Execute(Context& context) {
  OpenLake lake(context, IfAbsent::kRefuse);
  auto project = context.LoadProject();
  auto settings = RunSettingsOf(context, "");
  run::RunReport report;
  {
    auto& database = lake->database();
    Progress progress(Progress::StyleOf(context.quiet), [&database] { return database.progress(); });
    progress.Follow(settings);
    report = run::Runner(*lake, project, settings).Materialize();
  }
  Print(context, report);
  return kExitDone;
}

}  // namespace

void AddMaterialize(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "materialize",
               "Bring the rows of every received file that is not in raw.<source> yet into it: Delta tables "
               "for Spark and other readers",
               WithHdfsKeys(WithRunKeys({"project", "lake", "memory"})),
               "  qlake materialize --lake lake\n"
               "  qlake materialize --lake lake --json    # what came and went, by table");
  command.callback([&line] { line.command = [](Context& context) { return Execute(context); }; });
}

}  // namespace qlake::cli
