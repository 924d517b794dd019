#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/maintenance_options.h"
#include "cli/quantity.h"
#include "cli/table_names.h"

namespace qlake::cli {
namespace {

struct Options {
  std::vector<std::string> tables;
  std::string retain = "7d";
  bool dry_run = false;
};

void Print(Context& context, const maintain::VacuumReport& report, bool dry_run) {
  auto& out = context.out;
  int64_t files = 0;
  uint64_t bytes = 0;
  for (const auto& place : report.places) {
    files += static_cast<int64_t>(place.files.size());
    bytes += place.bytes();
    if (dry_run) {
      for (const auto& file : place.files) out << file.path << "\n";
    } else {
      out << place.name << ": " << FormatCount(static_cast<int64_t>(place.files.size())) << " files of "
          << FormatBytes(place.bytes()) << " removed\n";
    }
  }
  if (files == 0) {
    out << "nothing to remove\n";
  } else if (dry_run) {
    out << FormatCount(files) << " files of " << FormatBytes(bytes) << " would be removed\n";
  }
}

base::Json ToJson(const maintain::VacuumReport& report) {
  base::Json places = base::Json::array();
  for (const auto& place : report.places) {
    base::Json files = base::Json::array();
    for (const auto& file : place.files) files.push_back({{"path", file.path}, {"bytes", file.bytes}});
    places.push_back({{"place", place.name}, {"bytes", place.bytes()}, {"files", files}});
  }
  return places;
}

int Execute(Context& context, const Options& options) {
  maintain::VacuumOptions vacuum;
  vacuum.retention = RequireDuration("--retain", options.retain);
  vacuum.dry_run = options.dry_run;
  vacuum.whole_lake = options.tables.empty();
  MaintainedLake lake(context);
  vacuum.tables = ResolveTables(lake.lake(), options.tables);
  auto report = lake.maintenance().Vacuum(vacuum);
  lake.EndProgress();
  if (context.json) {
    base::Json json = {
        {"run_id", lake.maintenance().run_id()}, {"dry_run", options.dry_run}, {"removed", ToJson(report)}};
    context.out << json.dump() << "\n";
  } else {
    Print(context, report, options.dry_run);
  }
  return kExitDone;
}

}  // namespace

void AddVacuum(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "vacuum", "Remove files that no version, publication or intent within the retention names",
               WithEngineKeys(WithHdfsKeys(MaintenanceSettingKeys())),
               "  qlake vacuum --dry-run\n  qlake vacuum --retain 30d\n"
               "  qlake vacuum sales_transactions_fact --retain 12h --json");
  auto options = std::make_shared<Options>();
  command.add_option(
      "tables", options->tables,
      "tables to look through [all, and what lies beside them: temporary files, received bytes that were "
      "packed, runs of key indexes]");
  command.add_option("--retain", options->retain, "how far --as-of and restore shall reach back [7d]");
  command.add_flag("--dry-run", options->dry_run, "list what would be removed");
  command.callback([&line, options] {
    line.computes = false;  // It asks no engine for more than the lake's own tables.
    line.command = [options](Context& context) { return Execute(context, *options); };
  });
}

}  // namespace qlake::cli
