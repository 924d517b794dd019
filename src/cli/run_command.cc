#include <CLI/CLI.hpp>

#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/hive_settings.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "cli/report_printing.h"
#include "cli/run_summary.h"
#include "model/plan.h"
#include "run/published.h"
#include "run/runner.h"

namespace qlake::cli {
namespace {

constexpr int64_t kReportRows = 10;

struct Options {
  std::string hour;
  bool strict = false;
};

void PrintReports(Context& context, lake::Lake& lake, const model::Project& project) {
  auto reports = LoadReports(project);
  std::string all_sql;
  for (const auto& definition : reports) all_sql += definition.sql;
  bool is_published = run::DefinePublished(lake, lake.engine(), project, std::nullopt, all_sql).has_value();
  std::erase_if(reports, [&](const report::Report& definition) {
    bool is_of_events = run::NamesEvents(project, definition.sql);
    return is_of_events ? run::FindAbsentEvents(lake, project, definition.sql).has_value() : !is_published;
  });
  std::vector<std::string> selects;
  for (const auto& definition : reports) selects.push_back(report::RenderSql(definition, {}));
  auto answers = lake.engine().QueryEach(selects, kReportRows);
  for (size_t i = 0; i < reports.size(); ++i) {
    context.out << "\n" << reports[i].title << " (qlake report " << reports[i].name << ")\n";
    PrintAnswer(context, reports[i], answers[i]);
  }
}

std::vector<std::string> TablesOf(const model::Project& project) {
  auto tables = model::WrittenTables(project);
  tables.insert(tables.end(), {lake::kRawFiles, lake::kOpsSteps, lake::kOpsLedger, lake::kOpsRuns});
  return tables;
}

int Execute(Context& context, const Options& options) {
  auto project = context.LoadProject();
  OpenLake lake(context, IfAbsent::kCreate, ComputesOn::kEngineOfSettings, TablesOf(project));
  auto settings = RunSettingsOf(context, options.hour);
  run::RunReport report;
  {
    auto& database = lake->database();
    Progress progress(Progress::StyleOf(context.quiet), [&database] { return database.progress(); });
    progress.Follow(settings);
    report = run::Runner(*lake, project, settings).Run();
  }
  WarnOfFiles(report.ingest);
  PrintRun(context, report);
  if (!context.json) PrintReports(context, *lake, project);
  RepairAfterRun(context, *lake, project, report);
  return ExitCodeOf(report, options.strict);
}

}  // namespace

void AddRun(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "run", "ingest, process, reports and dump: whatever is pending, in order",
                           WithEngineKeys(WithHdfsKeys(WithHiveKeys(
                               WithRunKeys({"project", "landing", "lake", "dump_dir", "memory", "settle"})))),
                           "  qlake run --landing landing --lake lake --dump-dir dump\n  qlake run --json --strict\n"
                           "  qlake run --engine spark --lake hdfs://namenode:8020/lakes/shop");
  auto options = std::make_shared<Options>();
  command.add_option("--hour", options->hour, "data hour (UTC) of drops whose names tell none [hour of arrival]");
  command.add_flag("--strict", options->strict, "exit with 3 when rows went to quarantine");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
