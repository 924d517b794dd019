#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/json.h"
#include "cli/hdfs_settings.h"
#include "cli/hive_settings.h"
#include "cli/maintenance_options.h"
#include "cli/quantity.h"

namespace qlake::cli {
namespace {

void Print(Context& context, const hive::RepairReport& report, const std::string& database) {
  auto& out = context.out;
  int64_t unchanged = 0;
  for (const auto& table : report.tables) {
    if (!table.changed) {
      ++unchanged;
      continue;
    }
    out << table.name << ": version " << table.version << " (" << table.publication << ")";
    if (table.partitions > 0) {
      out << ", " << FormatCount(table.moved) << " of " << FormatCount(table.partitions) << " partitions changed";
    }
    out << "\n";
  }
  for (const auto& name : report.dropped) out << name << " is not published any more: dropped\n";
  if (unchanged > 0) out << FormatCount(unchanged) << " tables of " << database << " are as they were\n";
  if (report.tables.empty()) out << "nothing is published yet\n";
}

base::Json ToJson(const hive::RepairReport& report) {
  base::Json tables = base::Json::array();
  for (const auto& table : report.tables) {
    tables.push_back({{"table", table.name},
                      {"publication", table.publication},
                      {"version", table.version},
                      {"partitions", table.partitions},
                      {"moved", table.moved},
                      {"changed", table.changed}});
  }
  return {{"tables", tables}, {"dropped", report.dropped}};
}

int Execute(Context& context) {
  auto options = RepairOptionsOf(context.settings);
  auto metastore = MetastoreOf(context.settings);
  MaintainedLake lake(context);
  auto report = lake.maintenance().Repair(metastore, options);
  lake.EndProgress();
  if (context.json) {
    base::Json json = ToJson(report);
    json["run_id"] = lake.maintenance().run_id();
    context.out << json.dump() << "\n";
  } else {
    Print(context, report, options.database);
  }
  return kExitDone;
}

}  // namespace

void AddRepair(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "repair", "Make Hive show what is published: its metastore learns each table anew",
               WithHiveKeys(WithHdfsKeys({"project", "lake", "lease_wait"})),
               "  qlake repair --metastore thrift://127.0.0.1:9083\n"
               "  qlake repair --lake hdfs://namenode:8020/lake --metastore thrift://a:9083,thrift://b:9083\n"
               "  qlake repair --hive-database sales --json");
  command.callback([&line] { line.command = [](Context& context) { return Execute(context); }; });
}

}  // namespace qlake::cli
