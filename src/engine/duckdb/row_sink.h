#pragma once

#include <duckdb.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/actions.h"
#include "engine/duckdb/handles.h"
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
  };
  // Throws Error{kInput} when rows cannot be partitioned by a column's type. `cancelled` is asked before each file:
  // when it is set, Error{kUnavailable} is thrown.
  RowSink(storage::Storage& storage, const base::Clock& clock, Options options, const std::atomic<bool>& cancelled);
  ~RowSink();
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;

  // REQUIRES: the chunk has the table's columns, stored as their types want it (IsStoredAs).
  void Add(duckdb_data_chunk chunk);

  // Writes what is left; every file that was written. Nothing can be added afterwards.
  std::vector<delta::AddFile> Finish();

 private:
  struct Partition;

  Partition& FindPartition(const std::vector<VectorView>& partition_cells, idx_t row);
  delta::PartitionValues ReadValues(const std::vector<VectorView>& partition_cells, idx_t row) const;
  std::unique_ptr<Partition> MakePartition(delta::PartitionValues values) const;
  void Flush();
  delta::AddFile WriteFile(Partition& partition) const;

  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  storage::Storage& storage_;
  const base::Clock& clock_;
  Options options_;
  const std::atomic<bool>& cancelled_;
  std::vector<size_t> partition_indexes_;  // Of the partition columns among the table's columns.
  std::vector<size_t> value_indexes_;      // Of the others: they stand in the files.
  std::unordered_map<std::string, std::unique_ptr<Partition>, TextHash, std::equal_to<>> partitions_;
  std::string key_;       // Of the row that FindPartition looks at.
  std::string last_key_;  // Rows of one partition tend to follow each other.
  Partition* last_partition_ = nullptr;
  std::vector<Partition*> row_partitions_;  // Of the chunk that is being added.
  uint64_t bytes_ = 0;                      // Of all buffers, about.
  std::vector<delta::AddFile> files_;
};

}  // namespace qlake::engine
