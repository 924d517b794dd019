#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/result.h"
#include "engine/table_change.h"

namespace qlake::engine {

// What answers SQL over the lake's tables, and computes what becomes of them: DuckDB in this process
// (engine/duckdb/database.h), or a Spark server (engine/spark/spark_engine.h). The SQL is what both read alike; what
// differs stands in the project's functions. Not thread-safe, but for Interrupt(). SQL errors are Error{kInput} with
// the engine's message and position.
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // As --engine and the files of functions/ call it.
  virtual std::string_view name() const = 0;

  virtual void Run(std::string_view sql) = 0;  // Any number of statements; answers are dropped.
  virtual void Query(std::string_view sql, const ResultVisitor& visitor) = 0;  // Streamed, in order.
  Result Query(std::string_view sql);
  int64_t QueryInteger(std::string_view sql);  // One row, one integer; NULL is 0.
  // The answers of several SELECTs over defined tables, the first `rows_max` rows of each: side by side where the
  // engine can.
  virtual std::vector<Result> QueryEach(const std::vector<std::string>& selects, size_t rows_max);

  // Each defines view `name`, layer.table, for this engine's statements alone, and replaces an older one of the name:
  // over the rows of a Delta table at the snapshot's version, or over a SELECT of ours. They are what
  // CheckReadOnlySelect() lets a user read.
  virtual void DefineTable(const std::string& name, const delta::Snapshot& snapshot) = 0;
  virtual void DefineView(const std::string& name, const std::string& select) = 0;
  // The same over some of the snapshot's live files, or without rows for a table that does not exist yet. REQUIRES:
  // each path is a live file's.
  virtual void DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                           const std::vector<std::string>& paths) = 0;
  virtual void DefineEmptyTable(const std::string& name, const std::vector<base::Column>& columns) = 0;
  // The same over rows that are computed once, whatever becomes of what they were computed from, and over rows of ours:
  // texts and integers, NULL is nothing.
  virtual void DefineRows(const std::string& name, const std::string& select) = 0;
  virtual void FillTable(const std::string& name, const std::vector<base::Column>& columns,
                         const std::vector<std::vector<std::optional<std::string>>>& rows) = 0;
  // Removes what killed processes left in the lake of rows that were no table's yet. REQUIRES: nobody else computes.
  virtual void RemoveLeftovers() {}
  // Lets go of all that was defined with these first halves of names.
  virtual void Forget(const std::vector<std::string>& layers) = 0;

  // Columns of a SELECT in our types, and what the engine's SQL calls one. A type that we do not have is Error{kInput}.
  virtual std::vector<base::Column> Describe(std::string_view sql) = 0;
  virtual std::string SqlType(const base::ColumnType& type) const = 0;

  // Computes a change of one table on top of `base` (nothing: the table is created); Commit() of what it gives commits
  // it with the progress. A change without rows still commits its progress. Rows that break a constraint of the table
  // are Error{kInput} that shows one, and nothing is committed. REQUIRES: the removed keys were computed from rows
  // equal to base's.
  virtual ComputedChange Compute(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                                 const TableChange& change, const ApplyOptions& options, const base::Clock& clock) = 0;
  // Calls work(i, compute) once for every i in [0, count), in that order: side by side where the engine can, from
  // several threads. `compute` is Compute() for changes that are not `clustered`, each of another table, whose SQL
  // reads what is defined as rows or as tables.
  using ComputeFunction =
      std::function<ComputedChange(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                                   const TableChange& change, const ApplyOptions& options, const base::Clock& clock)>;
  virtual void ComputeEach(size_t count, const std::function<void(size_t, const ComputeFunction&)>& work);
  // Calls work(i, engine) once for every i in [0, count), in that order: side by side where the engine can and there is
  // little to read, from several threads and each with an engine of its own, which sees what this one has defined.
  // REQUIRES: none reads or defines what another one defines, nor has anything run side by side. The first failure is
  // thrown when no call runs any more.
  virtual void RunEach(size_t count, const std::function<void(size_t, Engine&)>& work);
  // Throws what Compute() would throw because the target does not fit the table or a row that the change inserts breaks
  // a constraint; writes nothing. Reads no rows of a table without constraints.
  virtual void CheckChange(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                           const TableChange& change, const base::Clock& clock) = 0;

  // From Lock() on only one SELECT that reads defined tables runs: no files, no network, no settings, no other
  // statement. CheckReadOnlySelect throws Error{kInput} that says what is out of reach.
  virtual void CheckReadOnlySelect(std::string_view sql) = 0;
  virtual void Lock() = 0;

  // From another thread or a signal watcher: the running statement fails with Error{kUnavailable}.
  virtual void Interrupt() = 0;
};

}  // namespace qlake::engine
