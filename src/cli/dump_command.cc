#include <CLI/CLI.hpp>

#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/open_lake.h"
#include "cli/report_printing.h"
#include "cli/run_summary.h"
#include "run/runner.h"

namespace qlake::cli {

void AddDump(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "dump", "Write the B2B file of one date: units sold per agent and product",
                           WithEngineKeys({"project", "lake", "dump_dir", "memory", "lease_wait"}),
                           "  qlake dump --date 2023-05-20\n  qlake dump --date 2023-05-20 --dump-dir /srv/b2b --json\n"
                           "  qlake dump --date 2023-05-20 --engine spark");
  auto date = std::make_shared<std::string>();
  command.add_option("--date", *date, "transaction date")->required();
  command.add_option_function<std::string>(
      "--out", [&line](const std::string& folder) { line.flags["dump_dir"] = folder; }, "another word for --dump-dir");
  command.callback([&line, date] {
    line.command = [date](Context& context) {
      base::Date day = RequireDate("--date", *date);
      OpenLake lake(context, IfAbsent::kRefuse, ComputesOn::kEngineOfSettings);
      auto project = context.LoadProject();
      PrintRun(context, run::Runner(*lake, project, RunSettingsOf(context, "")).Dump(day));
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
