#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/writer.h"
#include "model/project.h"

namespace qlake::model {

inline constexpr const char* kProcessApp = "qlake.process";

// The files of one source that a batch reads.
struct SourceInput {
  std::string source;
  // The files are all of the source's, not only the new ones: a correction or a late hour came, so that what was
  // derived from them has to be derived anew.
  bool whole = false;
  std::vector<lake::FileRecord> files;  // Current revisions, in order.
};

// What the next batch of process is: an intent, and the files it stands for.
struct Plan {
  lake::Intent intent;
  Project project;                          // The one that the intent follows, not always today's.
  bool is_redo = false;                     // The intent was written by a run that did not finish.
  std::vector<SourceInput> inputs;          // One per contract, in the project's order.
  std::vector<lake::FileRecord> revisions;  // All files that were ever taken in, by seq.
  std::vector<lake::FileRecord> waiting;    // Those of no earlier batch, this one's and later ones', by seq.
  int64_t new_files = 0;
  int64_t new_bytes = 0;
};

// The tables that the project's models and the ledger write, sorted by the order of their commits.
std::vector<std::string> WrittenTables(const Project& project);

// The next batch, or nothing when no file waits. An unfinished intent under which a table was committed comes first and
// is taken as it stands; one under which nothing was committed gives way to a new one that covers it. A batch takes
// files in the order of seq up to `batch_bytes_max` (one at least), cut where the data hour changes, and none behind
// `seq_max`. Writes nothing.
std::optional<Plan> PlanBatch(lake::Lake& lake, const Project& project, const std::string& run_id,
                              uint64_t batch_bytes_max, int64_t seq_max);

// Keeps the project's text and commits the intent. REQUIRES: !plan.is_redo.
// Begins to: Writer::Await() waits for it.
void WriteIntent(lake::Writer& writer, const Plan& plan);

}  // namespace qlake::model
