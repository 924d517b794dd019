#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/report_printing.h"
#include "cli/run_summary.h"
#include "run/runner.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string date;
  bool due = false;
};

int Execute(Context& context, const Options& options) {
  if (!options.due && options.date.empty()) throw base::InputError("which day? --date 2023-05-20, or --due");
  base::Date date = options.due ? base::Date{} : RequireDate("--date", options.date);
  OpenLake lake(context, IfAbsent::kRefuse, ComputesOn::kEngineOfSettings);
  auto project = context.LoadProject();
  run::Runner runner(*lake, project, RunSettingsOf(context, ""));
  PrintRun(context, options.due ? runner.DumpDue() : runner.Dump(date));
  return kExitDone;
}

}  // namespace

void AddDump(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "dump", "Write the B2B file of one date, or of all that are due: units sold per agent and product",
               WithEngineKeys(WithHdfsKeys(WithRunKeys({"project", "lake", "dump_dir", "memory"}))),
               "  qlake dump --date 2023-05-20\n  qlake dump --date 2023-05-20 --dump-dir /srv/b2b --json\n"
               "  qlake dump --date 2023-05-20 --engine spark\n"
               "  qlake dump --due          # of every day that is over and has none, or has changed since");
  auto options = std::make_shared<Options>();
  auto* date = command.add_option("--date", options->date, "transaction date");
  command.add_flag("--due", options->due, "days with data that are over: those without a file, and changed ones")
      ->excludes(date);
  command.add_option_function<std::string>(
      "--out", [&line](const std::string& folder) { line.flags["dump_dir"] = folder; }, "another word for --dump-dir");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
