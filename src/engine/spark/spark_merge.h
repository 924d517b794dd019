#pragma once

#include <string>
#include <vector>

#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "engine/file_merge.h"
#include "storage/storage.h"

namespace qlake::engine {

// Where Spark writes merged files before they get their place in the table's folder, each merge into a folder of its
// own. Not below kSparkScratch: a merge holds no lease, and who does may remove what lies there.
inline constexpr const char* kSparkMerges = "_qlake/spark_merges";

// A merge (file_merge.h) by Spark: one statement writes the rows of the files as files of a table that nobody else
// knows; these are moved into the table's folder, for a version to name. A killed merge leaves what vacuum removes.
class SparkMerge {
 public:
  struct Resources {
    Engine& engine;
    storage::Storage& storage;
  };
  // Throws Error{kInput} when the table's protocol or a column's type is none that we write.
  SparkMerge(const Resources& resources, const delta::Snapshot& snapshot);

  // Throws Error{kInput} when a column to sort by is none of the table's.
  MergedFiles Merge(const FileMerge& merge);

 private:
  std::string SelectRows(const FileMerge& merge) const;
  RowsDigest Digest(const std::string& rows) const;

  Resources resources_;
  const delta::Snapshot& snapshot_;
  std::vector<base::Column> columns_;
};

}  // namespace qlake::engine
