#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/writer.h"
#include "maintain/table_restore.h"

namespace qlake::maintain {

struct LakeRestore {
  base::Timestamp published_at;  // Of the publication that the lake is taken back to.
  int64_t from_seq = 0;          // raw.files.seq up to which files were processed,
  int64_t to_seq = 0;            // and are when it is done: the files between wait again.
  int64_t files_waiting = 0;
  std::vector<TableRestore> tables;  // Only those that change.
};

// Takes every table that process writes back to the last publication at or before the time, and the ledger's progress
// with them: files received since wait again, and the next run processes them, with today's contracts. raw.files, the
// streams' tables and the history of runs stay. Nothing is lost: versions after stay readable by --as-of until vacuum.
//   1. The intent, in ops.steps: {table: version}. A crash before it leaves the lake as it was.
//   2. Table by table (table_restore.h). A crash leaves some done; whoever processes next finds the intent and ends it.
//   3. Intents of batches that come after the publication go: no redo is to find them.
//   4. The ledger: its rows of process become those of then, and its last publication the one that was asked for. This
//      ends the restore.
// A batch that was interrupted is given up by it. Throws Error{kInput}, before anything is written, when there is no
// such publication or files of it have been vacuumed.
LakeRestore PlanLakeRestore(lake::Lake& lake, base::Timestamp time);
LakeRestore RestoreLake(lake::Writer& writer, base::Timestamp time);

// Ends a restore that was cut short, if there is one; what may not happen while one is open is that a batch is
// processed. Returns whether there was one.
bool FinishRestore(lake::Writer& writer);

}  // namespace qlake::maintain
