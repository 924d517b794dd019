#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/connection.h"
#include "engine/file_merge.h"

namespace qlake::engine {

// Writes the rows of some files into new ones. Nothing is committed: nobody sees the new files before a version names
// them.
class FileMerger {
 public:
  struct Resources {
    storage::Storage& storage;
    Connection& connection;
    const base::Clock& clock;
    size_t threads;
    const std::atomic<bool>& cancelled;
  };
  // Throws Error{kInput} when the table's protocol or a column's type is none that we write.
  FileMerger(const Resources& resources, const delta::Snapshot& snapshot);

  // Throws Error{kInput} when a column to sort by is none of the table's.
  MergedFiles Merge(const FileMerge& merge);
  // Reads every value of the files, which need not be live.
  RowsDigest Digest(const std::vector<const delta::AddFile*>& files);

 private:
  std::string SelectRows(const std::vector<const delta::AddFile*>& files, const FileMerge& merge) const;

  Resources resources_;
  const delta::Snapshot& snapshot_;
  std::vector<base::Column> columns_;
};

}  // namespace qlake::engine
