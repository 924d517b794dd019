#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/writer.h"

namespace qlake::maintain {

struct VacuumOptions {
  std::vector<std::string> tables;
  bool whole_lake = false;  // Also what lies beside the tables: temporary files, raw bytes, runs of key indexes, spill.
  std::chrono::milliseconds retention{std::chrono::hours{7 * 24}};
  bool dry_run = false;
  std::function<void(const std::string& stage)> on_stage;
};

struct VacuumedFile {
  std::string path;  // In the lake.
  uint64_t bytes = 0;
};

// What went, or, in a dry run, what would: by table, and under the names of the other places.
struct VacuumReport {
  struct Place {
    std::string name;  // A table, or "raw bytes", "unfinished files", "key indexes", "spilled rows", "abandoned rows
                       // of Spark".
    std::vector<VacuumedFile> files;
    uint64_t bytes() const;
  };
  std::vector<Place> places;
};

// Removes files that nobody can want any more: of a table, Parquet files in its folder that no version names which was
// the newest within the retention, nor a publication that --as-of still reaches within it, nor an intent that is not
// done; and of the lake's other places what nothing refers to. No file younger than the retention goes, whoever wrote
// it. Files that are not Parquet, hidden ones and those outside of the table's folder are left alone; a table may ask
// for a longer retention by delta.deletedFileRetentionDuration. Commits VACUUM START and VACUUM END to the table's log,
// as Delta Lake does, when there is something to remove. Safe to kill anywhere: what goes is not referred to. The
// writer's lease keeps all others of qlake away meanwhile.
VacuumReport Vacuum(lake::Writer& writer, const VacuumOptions& options);

}  // namespace qlake::maintain
