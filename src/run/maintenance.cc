#include "run/maintenance.h"

#include "base/error.h"
#include "base/log.h"
#include "run/disk_space.h"
#include "run/open_run.h"
#include "run/published.h"
#include "run/run_entry.h"
#include "run/run_history.h"
#include "run/run_id.h"
#include "run/run_record.h"

namespace qlake::run {
namespace {

constexpr std::chrono::hours kSilentMax{24};
constexpr const char* kRestore = "restore";

base::Json Details(const maintain::CompactionReport& report) {
  base::Json tables = base::Json::object();
  for (const auto& table : report.tables) {
    if (table.files_merged == 0) continue;
    tables[table.table] = {{"version", table.version},
                           {"files_merged", table.files_merged},
                           {"files_written", table.files_written},
                           {"rows", table.rows}};
  }
  return tables.empty() ? base::Json(nullptr) : base::Json{{"tables", tables}};
}

base::Json Details(const RawCompaction& report) {
  if (report.packed.files_packed == 0 && report.removed.empty()) return nullptr;
  return {{"files_packed", report.packed.files_packed},
          {"containers", report.packed.containers},
          {"files_removed", report.removed.size()}};
}

base::Json Details(const maintain::VacuumReport& report) {
  if (report.places.empty()) return nullptr;
  base::Json places = base::Json::object();
  for (const auto& place : report.places) {
    places[place.name] = {{"files", place.files.size()}, {"bytes", place.bytes()}};
  }
  return {{"removed", places}};
}

base::Json Details(const hive::RepairReport& report) {
  base::Json tables = base::Json::object();
  for (const auto& table : report.tables) {
    if (table.changed) tables[table.name] = {{"version", table.version}, {"moved", table.moved}};
  }
  if (tables.empty() && report.dropped.empty()) return nullptr;
  return {{"tables", tables}, {"dropped", report.dropped}};
}

base::Json Describe(const maintain::TableRestore& table) {
  return {{"table", table.table}, {"from", table.from}, {"to", table.to}, {"version", table.version}};
}

}  // namespace

Maintenance::Maintenance(lake::Lake& lake, const model::Project& project, MaintenanceSettings settings)
    : lake_(lake), project_(project), settings_(std::move(settings)), run_id_(NewRunId(lake.clock().Now())) {}

maintain::CompactionReport Maintenance::Compact(maintain::CompactionOptions options,
                                                maintain::WorkBudget::Limits limits) {
  options.sort_by = SortKeys(project_);
  options.run_id = run_id_;
  options.lease_wait = settings_.lease_wait;
  options.on_stage = settings_.on_stage;
  maintain::CompactionReport report;
  if (!options.dry_run) RequireDiskSpace(lake_.options().root, settings_.free_bytes_min);
  Execute("compact", options.dry_run, [&] {
    maintain::WorkBudget budget(limits);
    report = maintain::Compact(lake_, options, budget);
    return Details(report);
  });
  return report;
}

RawCompaction Maintenance::CompactRaw(maintain::RawPackOptions options, maintain::WorkBudget::Limits limits,
                                      std::chrono::milliseconds retention) {
  options.run_id = run_id_;
  options.lease_wait = settings_.lease_wait;
  options.on_stage = settings_.on_stage;
  RawCompaction report;
  if (!options.dry_run) RequireDiskSpace(lake_.options().root, settings_.free_bytes_min);
  Execute("compact raw", options.dry_run, [&] {
    maintain::WorkBudget budget(limits);
    report.packed = maintain::PackRaw(lake_, options, budget);
    // Under the lease: an ingest takes bytes that it finds for its own.
    lake::Writer writer(lake_, run_id_, settings_.lease_wait);
    report.removed = maintain::FindRawLeftovers(lake_, {lake_.clock().Now().us - retention.count() * 1000});
    if (options.dry_run) return base::Json(nullptr);
    maintain::RemoveRawLeftovers(lake_, report.removed);
    return Details(report);
  });
  return report;
}

maintain::VacuumReport Maintenance::Vacuum(maintain::VacuumOptions options) {
  options.on_stage = settings_.on_stage;
  maintain::VacuumReport report;
  Execute("vacuum", options.dry_run, [&] {
    lake::Writer writer(lake_, run_id_, settings_.lease_wait);
    report = maintain::Vacuum(writer, options);
    return Details(report);
  });
  return report;
}

maintain::TableRestore Maintenance::RestoreTable(const std::string& table, delta::Version version) {
  maintain::TableRestore restore;
  Execute(kRestore, false, [&] {
    lake::Writer writer(lake_, run_id_, settings_.lease_wait);
    maintain::FinishRestore(writer);
    maintain::RequireSameProgress(lake_, table, version);
    restore = maintain::RestoreTable(writer, table, version);
    return base::Json{{"tables", base::Json::array({Describe(restore)})}};
  });
  return restore;
}

maintain::LakeRestore Maintenance::RestoreLake(base::Timestamp time) {
  maintain::LakeRestore restore;
  Execute(kRestore, false, [&] {
    lake::Writer writer(lake_, run_id_, settings_.lease_wait);
    restore = maintain::RestoreLake(writer, time);
    base::Json tables = base::Json::array();
    for (const auto& table : restore.tables) tables.push_back(Describe(table));
    return base::Json{
        {"published_at", base::FormatTimestamp(restore.published_at)}, {"to_seq", restore.to_seq}, {"tables", tables}};
  });
  return restore;
}

hive::RepairReport Maintenance::Repair(const hive::MetastoreOptions& metastore, hive::RepairOptions options) {
  options.run_id = run_id_;
  options.on_stage = settings_.on_stage;
  hive::RepairReport report;
  Execute("repair", false, [&] {
    hive::Metastore connection(metastore);
    // One at a time, the newest publication: another one must not show an older one behind it.
    lake::Writer writer(lake_, run_id_, settings_.lease_wait);
    options.require_lease = [&writer] { writer.RequireLease(); };
    report = hive::Repair(lake_, connection, ListPublished(lake_, project_), options);
    return Details(report);
  });
  return report;
}

void Maintenance::Execute(const std::string& command, bool is_dry_run, const std::function<base::Json()>& body) {
  base::LogScope scope({run_id_, command});
  base::Timestamp started_at = lake_.clock().Now();
  OpenRunNote note(lake_, {.run_id = run_id_, .command = command, .started_at = started_at, .silent_max = kSilentMax});
  base::Json details;
  RunRecord steps;
  try {
    steps.Step(command, nullptr, [&](StepRecord&) { details = body(); });
  } catch (const base::Error& error) {
    // A restore asks for what a person names: of what is not there, it is no run.
    bool is_wrong_use = command == kRestore && error.kind() == base::ErrorKind::kInput;
    if (!is_wrong_use && !is_dry_run) {
      // That it failed is worth a row, but never worth hiding why, nor waiting once more for a lease that is another's.
      bool is_unavailable = error.kind() == base::ErrorKind::kUnavailable;
      try {
        Enter(command, started_at, error.message(), {{"steps", steps.ToJson()}},
              is_unavailable ? std::chrono::milliseconds{0} : settings_.lease_wait);
      } catch (const base::Error& second) {
        base::LogWarn("the failed run could not be entered in ops.runs; the next run does it",
                      {{"why", second.message()}});
        note.Keep(error.message());
      }
    }
    throw;
  }
  if (is_dry_run || (details.is_null() && !MakesGood(lake_, command))) return;
  details["steps"] = steps.ToJson();
  Enter(command, started_at, "", std::move(details), settings_.lease_wait);
}

void Maintenance::Enter(const std::string& command, base::Timestamp started_at, const std::string& failure,
                        base::Json details, std::chrono::milliseconds lease_wait) {
  lake::Writer writer(lake_, run_id_, lease_wait);
  EnterRun(writer, {command, started_at, failure, 0, 0, std::move(details)});
}

std::map<std::string, std::vector<std::string>> SortKeys(const model::Project& project) {
  std::map<std::string, std::vector<std::string>> keys = {{lake::kRawFiles, {"seq"}},
                                                          {lake::kOpsSteps, {"step", "to_seq"}},
                                                          {lake::kOpsLedger, {"to_seq", "_file_id"}},
                                                          {lake::kOpsRuns, {"started_at", "run_id"}},
                                                          {lake::kOpsChecks, {"to_seq", "subject", "name"}}};
  for (const auto& contract : project.contracts()) {
    keys["quarantine." + contract.name] = {"data_hour", "_file_id", "_line"};
  }
  for (const auto& model : project.models()) {
    auto& key = keys[model.table];
    key = model.sort.empty() ? model.key : model.sort;
    if (model.sort.empty() && model.kind == model::ModelKind::kScd2) key.push_back("valid_from");
  }
  return keys;
}

std::vector<maintain::FactToVerify> FactsToVerify(const model::Project& project) {
  std::vector<maintain::FactToVerify> facts;
  for (const auto& model : project.models()) {
    if (model.kind == model::ModelKind::kFact) facts.push_back({model.table, model.source, model.key});
  }
  return facts;
}

}  // namespace qlake::run
