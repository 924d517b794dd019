#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delta/actions.h"

// What a table's configuration (metaData.configuration) asks of those who write it. A value that is absent or not
// understood is Delta Lake's default. How long things are kept: delta/retention.h.
namespace qlake::delta {

// delta.appendOnly: rows may come, none may go or change.
bool IsAppendOnly(const Metadata& metadata);

// delta.enableChangeDataFeed: a version that rewrites files says in change files which rows it changed.
bool KeepsChanges(const Metadata& metadata);

// delta.checkpointInterval: a checkpoint is written after every version that is a multiple of it; 10.
int64_t CheckpointInterval(const Metadata& metadata);

// delta.enableExpiredLogCleanup: commits behind a checkpoint go when they are older than LogRetentionMs(); true.
bool ExpiredLogGoes(const Metadata& metadata);

// Which columns of a data file the log keeps statistics of.
struct IndexedColumns {
  int first_columns = 32;  // delta.dataSkippingNumIndexedCols: so many from the first on; -1: all.
  std::optional<std::vector<std::string>> names;  // delta.dataSkippingStatsColumns: these, whatever their number.
};
IndexedColumns IndexedColumnsOf(const Metadata& metadata);

// Throws Error{kInput} when the name is not one of the properties above or of delta/retention.h that a project may set
// (with the name that was likely meant), or when the value is none of its. Not among them: those that ask for features
// that qlake does not write, CHECK constraints, and delta.setTransactionRetentionDuration, which would have a table
// forget how far qlake has come.
void RequireProperty(const std::string& name, const std::string& value);

}  // namespace qlake::delta
