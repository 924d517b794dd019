#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"

namespace qlake::engine {

class RowSink;
class SinkFunction;

// One Database::Apply: computes a change of one table, writes its data files and commits them.
class TableWriter {
 public:
  struct Resources {
    storage::Storage& storage;
    Connection& connection;
    SinkFunction& sink_function;
    const base::Clock& clock;
    uint64_t row_sink_bytes_max;
    size_t threads;
    const std::atomic<bool>& cancelled;
  };
  // Throws Error{kInput} when the target does not fit the table: other types, other partition columns.
  TableWriter(const Resources& resources, const TableTarget& target, const std::optional<delta::Snapshot>& base);

  ApplyReport Apply(const TableChange& change, const ApplyOptions& options);

 private:
  void MergeColumns();
  bool grows() const { return columns_.size() > table_columns_.size(); }
  RowSink MakeSink() const;

  std::optional<delta::Conflict> FindFoldConflict(const TableChange& change) const;
  // Whole files, of which the change inserts nothing or what stands for them.
  void RemoveFiles(const std::vector<const delta::AddFile*>& files);
  // Takes the files that hold a removed key out of the table and gives their other rows to the sink.
  void RemoveRows(const TableChange& change, RowSink& sink);
  std::vector<const delta::AddFile*> FindFilesWithKeys(const std::string& matches);
  void InsertRows(const TableChange& change, RowSink& sink);
  int64_t AddRows(const std::string& sql, RowSink& sink);
  int64_t AddAll(ResultStream& stream, RowSink& sink) const;
  void Remove(const delta::AddFile& file);

  // Whether an answer has the table's columns, in its order and stored as the sink wants them.
  bool Fits(const std::vector<std::string>& names, const std::vector<LogicalType>& types) const;
  // The same rows with the table's columns, in its order and types. `names`: of the columns that the SELECT gives.
  std::string SelectWithTypes(const std::string& sql, const std::vector<std::string>& names) const;
  delta::CommitOutcome Commit(const std::vector<delta::AddFile>& files, const ApplyOptions& options);
  delta::Metadata MakeMetadata() const;

  Resources resources_;
  const TableTarget& target_;
  const std::optional<delta::Snapshot>& base_;
  std::vector<base::Column> table_columns_;  // Of the table as it is; empty for a new one.
  std::vector<base::Column> columns_;        // Of the table as it will be.
  std::vector<delta::RemoveFile> removed_files_;
  ApplyReport report_;
};

}  // namespace qlake::engine
