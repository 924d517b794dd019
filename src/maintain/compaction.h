#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "maintain/compaction_plan.h"
#include "maintain/work_budget.h"

namespace qlake::maintain {

struct CompactionOptions {
  std::vector<std::string> tables;
  std::map<std::string, std::vector<std::string>> sort_by;  // By table; a table without an entry keeps its rows' order.
  MergeSizes sizes;
  bool open_partitions = false;  // Also partitions that rows are still expected in.
  bool dry_run = false;
  std::string run_id;
  std::chrono::milliseconds lease_wait{10'000};
  std::function<void(const std::string& stage)> on_stage;
};

// What became of one table, or, in a dry run, what would.
struct TableCompaction {
  std::string table;
  int64_t files_before = 0;  // Live ones.
  int64_t files_after = 0;
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  int64_t files_merged = 0;   // Files that went,
  int64_t files_written = 0;  // and those that hold their rows now. Unknown in a dry run: one a group.
  uint64_t bytes_read = 0;
  int64_t rows = 0;              // In the files that were merged.
  int64_t small_files_left = 0;  // Below the full size, in partitions that have more than one such file.
  int64_t open_partitions = 0;   // Left alone, because rows may still come.
  delta::Version version = delta::kNoVersion;
};

struct CompactionReport {
  std::vector<TableCompaction> tables;
  bool out_of_budget = false;  // There was more to do.
};

// Merges small files of tables into fewer, partition by partition (compaction_plan.h), on the lake's engine. The rows
// stay as they are: number and digest of the rows in the new files must be those in the old ones, or nothing is
// committed and Error{kCorrupt} is thrown. Commits carry dataChange=false, so no reader of changes takes the rows for
// new ones; versions before keep their files until vacuum. The lease is held for each commit only: writers of the lake
// wait for no merge, and one that came between costs at most the groups whose files it has removed. Safe to kill
// anywhere: each commit stands for itself, and what was written without one is unreferenced.
CompactionReport Compact(lake::Lake& lake, const CompactionOptions& options, WorkBudget& budget);

}  // namespace qlake::maintain
