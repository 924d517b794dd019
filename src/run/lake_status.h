#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "model/project.h"
#include "run/calendar.h"
#include "run/run_history.h"
#include "stream/topic_ledger.h"

namespace qlake::run {

// Something that waits to be done.
struct DueWork {
  std::string what;     // "3 files wait to be processed"
  std::string command;  // What does it: "qlake process"
};

struct SourceStatus {
  std::string source;
  int64_t files = 0;  // Processed; the rows are theirs.
  int64_t rows_in = 0;
  int64_t loaded = 0;
  int64_t quarantined = 0;
  int64_t duplicate = 0;
  SourceCalendar calendar;
};

struct PartitionStatus {
  stream::PartitionAccount account;
  std::optional<int64_t> lag;  // Messages behind the last one read; nothing: nobody who knows was asked, or answered.
};

struct StreamStatus {
  std::string name;  // Of the contract: app_events
  std::optional<base::Timestamp> last_commit_at;
  std::optional<base::Hour> newest_hour;  // Of any event.
  std::vector<PartitionStatus> partitions;
};

struct LakeStatus {
  base::Timestamp now;
  std::optional<base::Timestamp> published_at;
  int64_t files_waiting = 0;
  std::optional<std::string> interrupted_run;
  std::vector<DueWork> due;
  std::vector<PastRun> failures;  // The last run of each command that did not end well and was not made good since.
  std::vector<PastRun> running;
  std::optional<PastRun> last_run;
  std::vector<SourceStatus> sources;
  std::vector<StreamStatus> streams;
  uint64_t bytes = 0;  // Of the tables' live files and of the files received.
  std::optional<uint64_t> free_bytes;
};

struct StatusOptions {
  Expectations expectations;
  std::string landing;
  std::string dump_folder;
  std::chrono::seconds settle{0};
  // The offset behind the partition's last message; nothing: it is not known.
  std::function<std::optional<int64_t>(const stream::PartitionAccount&)> end_offset;
};

// Takes no lease and writes nothing.
LakeStatus ReadStatus(lake::Lake& lake, const model::Project& project, const StatusOptions& options);

}  // namespace qlake::run
