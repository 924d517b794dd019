#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lake/lake.h"

namespace qlake::maintain {

// How a table stands that nobody looks after: what costs readers time before anything is wrong.
struct TableHealth {
  std::string table;
  delta::Version version = delta::kNoVersion;
  int64_t files = 0;
  uint64_t bytes = 0;
  int64_t small_files = 0;  // Of partitions that are over, those that a compaction would merge.
  int64_t commits_in_log =
      0;  // Until a checkpoint is old enough that they may go (30 days, if a table asks for no other).
  int64_t commits_to_replay = 0;  // Behind the newest checkpoint: a reader reads each of them.
};

// Of all tables of the lake. Reads logs only, and takes no lease.
std::vector<TableHealth> ReadTableHealth(lake::Lake& lake);

}  // namespace qlake::maintain
