#pragma once

#include <duckdb.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/actions.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/row_check.h"
#include "parquet/file_encoder.h"
#include "storage/storage.h"

namespace qlake::engine {

// Takes rows as chunks, keeps them by partition, and writes each partition's rows as one Parquet file (one more each
// time that the buffers outgrow their limit). Files are durable and visible only by the commit that names them.
class RowSink {
 public:
  struct Options {
    std::string table_path;
    std::vector<base::Column> columns;  // Of the table, partition columns included.
    std::vector<std::string> partition_columns;
    uint64_t bytes_max = 0;
    size_t threads = 1;
    parquet::EncodeOptions encode = {};
    std::string folder = {};  // Below the table's, "_change_data/"; empty: right in it.
    std::string file_prefix = "part-";
    const RowCheck* check = nullptr;  // Of chunks that have its column.
  };
  // Throws Error{kInput} when rows cannot be partitioned by a column's type. `cancelled` is asked before each file:
  // when it is set, Error{kUnavailable} is thrown.
  RowSink(storage::Storage& storage, const base::Clock& clock, Options options, const std::atomic<bool>& cancelled);
  ~RowSink();
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;

  // Rows that one thread brings. One partition's rows in two parts become two files.
  class Part;
  // The first part; not thread-safe. REQUIRES: the chunk's first columns are the table's, stored as their types want it
  // (IsStoredAs); when there are more and the sink has a check, the last is RowCheck::Column(), and a row that breaks a
  // condition is Error{kInput}.
  void Add(duckdb_data_chunk chunk);
  // The calling thread's own part: rows of a partition come together, so that its file is written when the next
  // partition begins. Thread-safe.
  void AddClustered(duckdb_data_chunk chunk);

  // Writes what is left; every file that was written. Nothing can be added afterwards.
  std::vector<delta::AddFile> Finish();
  int64_t rows() const { return rows_; }
  uint64_t bytes() const;  // Of the rows that were added and not written by all threads since, about. Not thread-safe.

 private:
  struct Partition;

  Part& PartOfThisThread();
  delta::PartitionValues ReadValues(const std::vector<VectorView>& partition_cells, idx_t row) const;
  std::unique_ptr<Partition> MakePartition(delta::PartitionValues values) const;
  delta::AddFile WriteFile(Partition& partition) const;

  storage::Storage& storage_;
  const base::Clock& clock_;
  Options options_;
  const std::atomic<bool>& cancelled_;
  std::vector<size_t> partition_indexes_;  // Of the partition columns among the table's columns.
  std::vector<size_t> value_indexes_;      // Of the others: they stand in the files.
  std::mutex mutex_;                       // Guards parts_.
  std::map<std::thread::id, std::unique_ptr<Part>> parts_;
  std::atomic<int64_t> rows_ = 0;
};

}  // namespace qlake::engine
