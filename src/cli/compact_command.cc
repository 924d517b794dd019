#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/maintenance_options.h"
#include "cli/quantity.h"
#include "cli/table_names.h"

namespace qlake::cli {
namespace {

constexpr const char* kRaw = "raw";

struct Options {
  std::vector<std::string> names;
  std::string target_size = "32MiB";
  std::string retain = "7d";
  int64_t files_min = 4;
  bool open = false;
  bool dry_run = false;
  BudgetOptions budget;
};

base::Json ToJson(const maintain::TableCompaction& table) {
  return {{"table", table.table},
          {"version", table.version},
          {"files_before", table.files_before},
          {"files_after", table.files_after},
          {"bytes_before", table.bytes_before},
          {"bytes_after", table.bytes_after},
          {"files_merged", table.files_merged},
          {"files_written", table.files_written},
          {"bytes_read", table.bytes_read},
          {"rows", table.rows},
          {"small_files_left", table.small_files_left},
          {"open_partitions", table.open_partitions}};
}

base::Json ToJson(const run::RawCompaction& raw) {
  return {{"files_packed", raw.packed.files_packed},
          {"containers", raw.packed.containers},
          {"bytes", raw.packed.bytes},
          {"files_waiting", raw.packed.files_waiting},
          {"originals_removed", raw.removed.size()},
          {"out_of_budget", raw.packed.out_of_budget}};
}

std::string Count(int64_t count, const std::string& what) {
  return FormatCount(count) + " " + what + (count == 1 ? "" : "s");
}

void PrintTables(Context& context, const maintain::CompactionReport& report, const Options& options) {
  auto& out = context.out;
  int64_t merged = 0;
  int64_t written = 0;
  int64_t left = 0;
  int64_t bytes_saved = 0;
  for (const auto& table : report.tables) {
    merged += table.files_merged;
    written += table.files_written;
    left += table.small_files_left;
    bytes_saved += static_cast<int64_t>(table.bytes_before) - static_cast<int64_t>(table.bytes_after);
    if (table.open_partitions > 0 && !options.names.empty()) {
      out << table.table << ": " << Count(table.open_partitions, "open partition") << " left alone (--open)\n";
    }
    if (table.files_merged == 0) continue;
    out << table.table << ": " << Count(table.files_merged, "file") << (options.dry_run ? " would become " : " became ")
        << FormatCount(table.files_written) << "; of " << FormatCount(table.files_before) << " files of "
        << FormatBytes(table.bytes_before) << ", " << FormatCount(table.files_after);
    if (!options.dry_run) out << " of " << FormatBytes(table.bytes_after);
    out << " are left\n";
  }
  if (merged == 0) {
    out << "nothing to compact\n";
  } else if (!options.dry_run) {
    out << "compacted " << Count(merged, "file") << " into " << FormatCount(written) << ": "
        << (bytes_saved < 0 ? "-" : "") << FormatBytes(static_cast<uint64_t>(std::abs(bytes_saved)))
        << " less to read, " << Count(left, "small file") << " left; old files go with qlake vacuum\n";
  }
  if (report.out_of_budget) out << "the budget was used up, more is to be done: run it again\n";
}

void PrintRaw(Context& context, const run::RawCompaction& raw, bool dry_run) {
  auto& out = context.out;
  if (raw.packed.files_packed > 0) {
    out << "raw: " << Count(raw.packed.files_packed, "received file") << " of " << FormatBytes(raw.packed.bytes)
        << (dry_run ? " would be packed into " : " packed into ") << Count(raw.packed.containers, "container") << "\n";
  }
  if (!raw.removed.empty()) {
    out << "raw: " << Count(static_cast<int64_t>(raw.removed.size()), "file") << (dry_run ? " would go" : " went")
        << ": nothing has named them for longer than the retention\n";
  }
  if (raw.packed.files_packed == 0 && raw.removed.empty()) out << "raw: nothing to pack\n";
  if (raw.packed.out_of_budget) out << "the budget was used up, more is to be done: run it again\n";
}

int Execute(Context& context, const Options& options) {
  maintain::CompactionOptions compaction;
  compaction.sizes.target_bytes = RequireSize("--target-size", options.target_size);
  if (options.files_min < 2) throw base::InputError("--min-files must be 2 or more: {}", options.files_min);
  compaction.sizes.files_min = static_cast<size_t>(options.files_min);
  compaction.open_partitions = options.open;
  compaction.dry_run = options.dry_run;
  auto limits = options.budget.Limits();
  auto retention = RequireDuration("--retain", options.retain);
  MaintainedLake lake(context, ComputesOn::kEngineOfSettings);
  std::vector<std::string> names = options.names;
  bool raw_too = std::erase(names, kRaw) > 0;
  bool tables_too = !names.empty() || !raw_too;
  maintain::CompactionReport tables;
  run::RawCompaction raw;
  if (tables_too) {
    compaction.tables = ResolveTables(lake.lake(), names);
    tables = lake.maintenance().Compact(compaction, limits);
  }
  if (raw_too) {
    maintain::RawPackOptions packing;
    packing.open_days = options.open;
    packing.dry_run = options.dry_run;
    raw = lake.maintenance().CompactRaw(packing, limits, retention);
  }
  lake.EndProgress();
  if (!context.json) {
    if (tables_too) PrintTables(context, tables, options);
    if (raw_too) PrintRaw(context, raw, options.dry_run);
    return kExitDone;
  }
  base::Json json = {{"run_id", lake.maintenance().run_id()}, {"dry_run", options.dry_run}};
  if (tables_too) {
    json["tables"] = base::Json::array();
    for (const auto& table : tables.tables) json["tables"].push_back(ToJson(table));
    json["out_of_budget"] = tables.out_of_budget;
  }
  if (raw_too) json["raw"] = ToJson(raw);
  context.out << json.dump() << "\n";
  return kExitDone;
}

}  // namespace

void AddCompact(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(
      app, "compact", "Merge small files of tables into fewer, or pack received files; the rows stay as they are",
      WithEngineKeys(WithHdfsKeys(MaintenanceSettingKeys())),
      "  qlake compact --lake lake\n  qlake compact sales_transactions_fact --min-files 2 --dry-run\n"
      "  qlake compact --budget-time 5m --budget-bytes 10GiB --json\n"
      "  qlake compact --lake hdfs://namenode:8020/lakes/shop --engine spark\n"
      "  qlake compact raw     # received files of days that are over, one container a source and day");
  auto options = std::make_shared<Options>();
  command.add_option("tables", options->names, "tables to compact [all]; raw: the received files");
  command.add_option("--target-size", options->target_size, "how large files shall grow [32MiB]");
  command.add_option("--min-files", options->files_min, "merge so many files at least [4]");
  command.add_flag("--open", options->open, "also partitions and days that are not over");
  command.add_option("--retain", options->retain, "raw: keep the files that are packed for so long [7d]");
  command.add_flag("--dry-run", options->dry_run, "say what would be done");
  AddBudgetOptions(command, options->budget);
  command.callback([&line, options] {
    line.computes = false;  // Either engine does it anywhere.
    line.command = [options](Context& context) { return Execute(context, *options); };
  });
}

}  // namespace qlake::cli
