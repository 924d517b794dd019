#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/connection.h"

namespace qlake::engine {

// What some rows come to, whatever their order and the files they stand in: equal for equal rows, and for others with
// the chance of two 64-bit hashes.
struct RowsDigest {
  int64_t rows = 0;
  std::string sum;           // Of a 64-bit hash of each row.
  std::string exclusive_or;  // Of the same hashes.

  bool operator==(const RowsDigest&) const = default;
};

// Live files of a table that are to become fewer. REQUIRES: the files of one partition are one group of them.
struct FileMerge {
  std::vector<std::string> paths;
  std::vector<std::string> sort_by;  // Columns of the table: the order of rows within a file.
  uint64_t bytes_max = 0;            // Of rows in memory, about; beyond it a partition gets more than one file.
};

struct MergedFiles {
  std::vector<delta::AddFile> files;  // dataChange is false: they hold the rows of the paths and nothing else.
  RowsDigest before;                  // Of the rows in the paths,
  RowsDigest after;                   // and of those that the new files give back.
};

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
  std::string SelectSorted(const std::vector<const delta::AddFile*>& files, const FileMerge& merge) const;

  Resources resources_;
  const delta::Snapshot& snapshot_;
  std::vector<base::Column> columns_;
};

}  // namespace qlake::engine
