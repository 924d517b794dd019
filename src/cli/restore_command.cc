#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/json.h"
#include "cli/as_of.h"
#include "cli/maintenance_options.h"
#include "cli/quantity.h"
#include "cli/table_names.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string table;
  std::string to;
  bool dry_run = false;
};

base::Json ToJson(const maintain::TableRestore& table) {
  return {{"table", table.table},
          {"from", table.from},
          {"to", table.to},
          {"version", table.version},
          {"files_added", table.files_added},
          {"files_removed", table.files_removed}};
}

void Print(std::ostream& out, const maintain::TableRestore& table, bool dry_run) {
  out << table.table << ": version " << table.from << (dry_run ? " would go back to " : " went back to ");
  if (table.to == delta::kNoVersion) {
    out << "before its first";
  } else {
    out << table.to;
  }
  out << ": " << FormatCount(table.files_added) << " files come back, " << FormatCount(table.files_removed) << " go";
  if (!dry_run) out << "; now version " << table.version;
  out << "\n";
}

delta::Version VersionAt(lake::Lake& lake, const std::string& table, const AsOf& as_of) {
  if (as_of.version) return *as_of.version;
  auto snapshot = delta::Snapshot::LoadAsOf(lake.storage(), lake::TablePath(table), *as_of.time);
  if (!snapshot) {
    throw base::InputError("table {} did not exist yet at {}", table, base::FormatTimestamp(*as_of.time));
  }
  return snapshot->version();
}

int RestoreTable(Context& context, const Options& options, const AsOf& as_of) {
  MaintainedLake lake(context);
  std::string table = ResolveTable(lake.lake(), options.table);
  auto version = VersionAt(lake.lake(), table, as_of);
  maintain::TableRestore restore;
  if (options.dry_run) {
    maintain::RequireSameProgress(lake.lake(), table, version);
    restore = maintain::PlanTableRestore(lake.lake(), table, version);
  } else {
    restore = lake.maintenance().RestoreTable(table, version);
  }
  lake.EndProgress();
  if (context.json) {
    base::Json json = {{"run_id", lake.maintenance().run_id()},
                       {"dry_run", options.dry_run},
                       {"tables", base::Json::array({ToJson(restore)})}};
    context.out << json.dump() << "\n";
  } else {
    Print(context.out, restore, options.dry_run);
  }
  return kExitDone;
}

int RestoreLake(Context& context, const Options& options, const AsOf& as_of) {
  if (as_of.version) {
    throw base::InputError("--to with a version is for one table (qlake restore TABLE --to {0}), name a time: {0}",
                           options.to);
  }
  MaintainedLake lake(context);
  auto restore = options.dry_run ? maintain::PlanLakeRestore(lake.lake(), *as_of.time)
                                 : lake.maintenance().RestoreLake(*as_of.time);
  lake.EndProgress();
  if (context.json) {
    base::Json tables = base::Json::array();
    for (const auto& table : restore.tables) tables.push_back(ToJson(table));
    base::Json json = {{"run_id", lake.maintenance().run_id()},
                       {"dry_run", options.dry_run},
                       {"published_at", base::FormatTimestamp(restore.published_at)},
                       {"from_seq", restore.from_seq},
                       {"to_seq", restore.to_seq},
                       {"files_waiting", restore.files_waiting},
                       {"tables", tables}};
    context.out << json.dump() << "\n";
    return kExitDone;
  }
  for (const auto& table : restore.tables) Print(context.out, table, options.dry_run);
  context.out << "the lake " << (options.dry_run ? "would be" : "is") << " as published at "
              << base::FormatTimestamp(restore.published_at) << "; " << FormatCount(restore.files_waiting)
              << " files received since wait: qlake process\n";
  return kExitDone;
}

int Execute(Context& context, const Options& options) {
  AsOf as_of = ParseAsOf("--to", options.to);
  if (!as_of.version && !as_of.time) throw base::InputError("--to must be a version or a time, it is empty");
  return options.table.empty() ? RestoreLake(context, options, as_of) : RestoreTable(context, options, as_of);
}

}  // namespace

void AddRestore(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(
      app, "restore",
      "Take the whole lake back to a publication, or one table to a version that another writer spoiled",
      MaintenanceSettingKeys(),
      "  qlake restore --to 2023-05-20T14:00:00Z --dry-run     # the lake as published then; later files wait again\n"
      "  qlake restore customer_dim --to 12                    # undo what another writer did to it");
  auto options = std::make_shared<Options>();
  command.add_option("table", options->table, "one table [the whole lake]");
  command.add_option("--to", options->to, "a time (UTC); for one table also a version (qlake history)")->required();
  command.add_flag("--dry-run", options->dry_run, "say what would be done");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
