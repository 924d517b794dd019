#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delta/actions.h"

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
  std::vector<std::string> sort_by;  // Columns of the table: the order of rows within a file. None: as they stand.
  // Of rows in memory, about; beyond it a partition gets more than one file. In this process: Spark has memory of its
  // own, and writes one.
  uint64_t bytes_max = 0;
};

struct MergedFiles {
  std::vector<delta::AddFile> files;  // dataChange is false: they hold the rows of the paths and nothing else.
  RowsDigest before;                  // Of the rows in the paths,
  RowsDigest after;                   // and of those that the new files give back.
};

}  // namespace qlake::engine
