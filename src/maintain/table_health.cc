#include "maintain/table_health.h"

#include "delta/log_listing.h"
#include "maintain/compaction.h"

namespace qlake::maintain {
namespace {

void CountLog(lake::Lake& lake, TableHealth& health) {
  delta::LogListing log(lake.storage(), lake::TablePath(health.table));
  if (log.empty()) return;
  delta::Version newest = log.newest();
  health.commits_to_replay = newest - log.NewestCheckpointUpTo(newest);
  while (newest >= 0 && log.CommitOf(newest) != nullptr) {
    ++health.commits_in_log;
    --newest;
  }
}

}  // namespace

std::vector<TableHealth> ReadTableHealth(lake::Lake& lake) {
  CompactionOptions options;
  options.tables = lake.TableNames();
  options.dry_run = true;
  WorkBudget budget{WorkBudget::Limits{}};
  std::vector<TableHealth> tables;
  for (const auto& compaction : Compact(lake, options, budget).tables) {
    TableHealth health;
    health.table = compaction.table;
    health.version = compaction.version;
    health.files = compaction.files_before;
    health.bytes = compaction.bytes_before;
    health.small_files = compaction.files_merged;
    CountLog(lake, health);
    tables.push_back(std::move(health));
  }
  return tables;
}

}  // namespace qlake::maintain
