#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "hive/metastore.h"
#include "lake/lake.h"

namespace qlake::hive {

// A table as readers are shown it.
struct PublishedTable {
  std::string name;         // layer.table
  std::string publication;  // "seq 12": what the batch job has published last; "version 57": of a table of streams.
  std::string published_at;
  delta::Snapshot snapshot;
};

struct RepairOptions {
  std::string database = "qlake";
  std::string spark_database = "qlake_delta";  // Empty: Spark gets no entries.
  std::chrono::milliseconds keep{std::chrono::hours{24}};
  std::string run_id;
  std::function<void(const std::string& stage)> on_stage;
  // Asked before each change of the metastore: throws when another repair may be at work by now.
  std::function<void()> require_lease;
};

struct RepairedTable {
  std::string name;  // layer.table
  std::string publication;
  delta::Version version = delta::kNoVersion;
  int64_t partitions = 0;  // 0 when it has none.
  int64_t moved = 0;       // Locations that are others now.
  bool changed = false;    // Anything but the name of the publication.
};
struct RepairReport {
  std::vector<RepairedTable> tables;
  std::vector<std::string> dropped;  // Tables of this lake that are not published any more.
};

// Makes the metastore show the tables, and no others of this lake, at these versions, under their names without the
// layer. Each table's properties name its publication; while its partitions move, qlake.moving_to names the next one.
// The rows of a table change in one call of the metastore: a query reads one publication or the other. Folders that no
// location names stay for `keep`, for queries that run. Safe to kill anywhere and to run again. Throws Error{kInput}
// when two tables have one name, a table cannot be read by Hive, or the metastore has one of that name which is not
// this lake's. REQUIRES: the caller holds the lake's lease.
RepairReport Repair(lake::Lake& lake, Metastore& metastore, const std::vector<PublishedTable>& tables,
                    const RepairOptions& options);

}  // namespace qlake::hive
