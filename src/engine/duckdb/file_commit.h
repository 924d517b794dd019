#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "delta/snapshot.h"
#include "engine/duckdb/table_shape.h"
#include "engine/table_change.h"
#include "storage/storage.h"

namespace qlake::engine {

// A computed change of one table whose data files are written: what is left to commit, whatever engine computed it.
struct FileCommit {
  const TableTarget& target;
  const std::optional<delta::Snapshot>& base;
  const TableChange& change;
  const TableShape& shape;
  std::vector<delta::RemoveFile> removed;
  std::vector<delta::AddFile> added;
  std::vector<delta::ChangeFile> change_files;
};

// Commits it with progress and fence; nothing to commit is no version. Counts its files in the report. Live files keep
// no statistics of columns that have become personal.
delta::CommitOutcome CommitFiles(storage::Storage& storage, const base::Clock& clock, FileCommit files,
                                 const ApplyOptions& options, ApplyReport& report);

}  // namespace qlake::engine
