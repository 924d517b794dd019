#include <CLI/CLI.hpp>

#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/hive_settings.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "cli/run_summary.h"
#include "run/runner.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string hour;
  bool strict = false;
};

// Runs one of the Runner's commands with progress, and prints what it did.
int Execute(Context& context, const Options& options, run::RunReport (run::Runner::*step)(),
            ComputesOn computes_on = ComputesOn::kDuckdb) {
  OpenLake lake(context, IfAbsent::kCreate, computes_on);
  auto project = context.LoadProject();
  auto settings = RunSettingsOf(context, options.hour);
  run::RunReport report;
  {
    auto& database = lake->database();
    Progress progress(Progress::StyleOf(context.quiet), [&database] { return database.progress(); });
    progress.Follow(settings);
    report = (run::Runner(*lake, project, settings).*step)();
  }
  WarnOfFiles(report.ingest);
  PrintRun(context, report);
  RepairAfterRun(context, *lake, project, report);
  return ExitCodeOf(report, options.strict);
}

}  // namespace

void AddIngest(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "ingest", "Take new and corrected files of the landing zone into raw",
                           WithHdfsKeys(WithRunKeys({"project", "landing", "lake", "settle"})),
                           "  qlake ingest --landing landing --lake lake\n"
                           "  qlake ingest --landing landing --lake lake --hour 2023-05-20T14 --settle 30s");
  auto options = std::make_shared<Options>();
  command.add_option("--hour", options->hour, "data hour (UTC) of drops whose names tell none [hour of arrival]");
  command.callback([&line, options] {
    line.command = [options](Context& context) { return Execute(context, *options, &run::Runner::Ingest); };
  });
}

void AddProcess(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "process", "Bring every file that waits in raw into the warehouse and the marts",
                           WithEngineKeys(WithHdfsKeys(WithHiveKeys(WithRunKeys({"project", "lake", "memory"})))),
                           "  qlake process --lake lake\n  qlake process --lake lake --strict\n"
                           "  qlake process --lake lake --engine spark --spark-connect sc://127.0.0.1:15002");
  auto options = std::make_shared<Options>();
  command.add_flag("--strict", options->strict, "exit with 3 when rows went to quarantine");
  command.callback([&line, options] {
    line.command = [options](Context& context) {
      return Execute(context, *options, &run::Runner::Process, ComputesOn::kEngineOfSettings);
    };
  });
}

}  // namespace qlake::cli
