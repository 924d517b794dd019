#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "hive/repair.h"
#include "lake/lake.h"
#include "maintain/compaction.h"
#include "maintain/lake_restore.h"
#include "maintain/raw_leftovers.h"
#include "maintain/raw_pack.h"
#include "maintain/vacuum.h"
#include "maintain/verification.h"
#include "model/project.h"

namespace qlake::run {

struct MaintenanceSettings {
  std::chrono::milliseconds lease_wait{10'000};
  uint64_t free_bytes_min = 0;  // Of the lake's disk, before anything but a vacuum writes.
  std::function<void(const std::string& stage)> on_stage;
};

struct RawCompaction {
  maintain::RawPackReport packed;
  std::vector<maintain::RawLeftover> removed;  // Files that lie in containers for longer than the retention.
};

// Executes the commands that keep a lake in shape: each under the lake's lease, as far as it writes, and entered in
// ops.runs when it did something or failed. What each does is said in maintain/.
class Maintenance {
 public:
  Maintenance(lake::Lake& lake, const model::Project& project, MaintenanceSettings settings);

  // `options` without run_id, lease_wait, on_stage and sort_by, which are filled in.
  maintain::CompactionReport Compact(maintain::CompactionOptions options, maintain::WorkBudget::Limits limits);
  RawCompaction CompactRaw(maintain::RawPackOptions options, maintain::WorkBudget::Limits limits,
                           std::chrono::milliseconds retention);
  maintain::VacuumReport Vacuum(maintain::VacuumOptions options);
  maintain::TableRestore RestoreTable(const std::string& table, delta::Version version);
  maintain::LakeRestore RestoreLake(base::Timestamp time);
  // What readers are shown, to the metastore of Hive. `options` without run_id and on_stage.
  hive::RepairReport Repair(const hive::MetastoreOptions& metastore, hive::RepairOptions options);

  const std::string& run_id() const { return run_id_; }

 private:
  // Runs the body and enters what it returns. Null: there is nothing to tell but that a failure before is made good. A
  // dry run is never entered.
  void Execute(const std::string& command, bool is_dry_run, const std::function<base::Json()>& body);
  void Enter(const std::string& command, base::Timestamp started_at, const std::string& failure, base::Json details,
             std::chrono::milliseconds lease_wait);

  lake::Lake& lake_;
  const model::Project& project_;
  MaintenanceSettings settings_;
  std::string run_id_;
};

// The columns by which the rows of each table stand in its files: as its model says, or else its key.
std::map<std::string, std::vector<std::string>> SortKeys(const model::Project& project);

// The project's facts, and what their rows are held against.
std::vector<maintain::FactToVerify> FactsToVerify(const model::Project& project);

}  // namespace qlake::run
