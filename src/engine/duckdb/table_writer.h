#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/row_check.h"
#include "engine/duckdb/row_removal.h"
#include "engine/duckdb/table_shape.h"

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
  // Throws Error{kInput} when the target does not fit the table (ShapeTable) or a constraint cannot be checked.
  TableWriter(const Resources& resources, const TableTarget& target, const std::optional<delta::Snapshot>& base);
  ~TableWriter();

  // All of a change that asks the engine. What it comes to is in memory then, or in files that no version names.
  void Compute(const TableChange& change);
  // The rest: writes what is in memory and commits, from any thread; the connection may be gone by then. REQUIRES:
  // Compute() of the same change.
  ApplyReport Commit(const TableChange& change, const ApplyOptions& options);
  // Database::CheckChange
  void Check(const TableChange& change);

 private:
  using Files = std::vector<const delta::AddFile*>;

  void RequireAllowed(const TableChange& change) const;
  RowCheck MakeCheck(const TableChange& change);
  std::unique_ptr<RowSink> MakeSink(const RowCheck* check) const;
  std::unique_ptr<RowSink> MakeChangeSink() const;

  std::optional<delta::Conflict> FindFoldConflict(const TableChange& change) const;
  // Whole files, of which the change inserts nothing or what stands for them.
  void RemoveFiles(const Files& files);
  // Takes the files that hold a removed row out of the table and gives their other rows to the sink.
  void RemoveRows(const TableChange& change, RowSink& sink);
  // Of the files that hold a removed row, those that hold others as well.
  Files RemoveTouched(const Files& candidates);
  void NoteRemovedRows(const TableChange& change, const Files& touched);
  void InsertRows(const TableChange& change, const RowCheck& check, RowSink& sink);
  void FinishChanges();
  void RemovePartitionsOf(const std::vector<delta::AddFile>& files);
  // Files of narrower types than the table's from now on; their rows stay as they are.
  void RewriteNarrowFiles();
  void WriteKeptRows();
  // Holds the rows that stay against constraints that are new to the table.
  void RequireNewConstraints();

  int64_t AddRows(ResultStream rows, RowSink& sink, RowSink* changes = nullptr);
  void Remove(const delta::AddFile& file, bool data_change = true);
  Files LiveFiles() const;  // Those that are not removed by now.
  std::string Select(const Files& files, std::string_view file_column = "") const;
  // The rows of a SELECT with the table's columns, in its order and types.
  std::string SelectWithTypes(const std::string& sql);
  ResultStream StreamWithTypes(const std::string& sql);
  bool HasTypes(const std::vector<std::string>& names, const std::vector<LogicalType>& types) const;
  std::string CastToTypes(const std::string& sql, const std::vector<std::string>& names) const;
  // The same with what a check and the change data want to know of each row.
  std::string SelectForInsert(const std::string& sql, const RowCheck& check) const;
  void RequireRows(const std::string& sql, const RowCheck& check) const;

  Resources resources_;
  const TableTarget& target_;
  const std::optional<delta::Snapshot>& base_;
  TableShape shape_;
  std::vector<base::Column> columns_;         // Of the table as it will be.
  std::vector<std::string> conditions_;       // Of shape_.constraints, as DuckDB's SQL.
  std::optional<RowRemoval> removal_;         // By keys or by a condition.
  std::optional<RowCheck> check_;             // Of the inserted rows.
  std::unique_ptr<RowSink> sink_;             // While it holds rows.
  std::vector<delta::AddFile> files_;         // That come.
  std::optional<delta::Conflict> conflict_;   // Found before anything was computed.
  Files touched_;                             // Files of which a part of the rows goes.
  std::unique_ptr<RowSink> changes_;          // When the version tells its changes in files of their own,
  std::vector<delta::AddFile> change_files_;  // these.
  std::vector<std::string> update_keys_;      // By which an inserted row is a removed one's successor.
  std::set<std::string> removed_paths_;
  std::vector<delta::RemoveFile> removed_files_;
  ApplyReport report_;
};

}  // namespace qlake::engine
