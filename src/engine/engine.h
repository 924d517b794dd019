#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "delta/snapshot.h"
#include "engine/result.h"

namespace qlake::engine {

// What answers SQL over the lake's tables: DuckDB in this process (engine/duckdb/database.h), or a Spark server
// (engine/spark/spark_engine.h). The SQL is what both read alike; what differs stands in the project's functions. Not
// thread-safe, but for Interrupt(). SQL errors are Error{kInput} with the engine's message and position.
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

  // Each defines view `name`, layer.table, for this engine's statements alone, and replaces an older one of the name:
  // over the rows of a Delta table at the snapshot's version, or over a SELECT of ours. They are what
  // CheckReadOnlySelect() lets a user read.
  virtual void DefineTable(const std::string& name, const delta::Snapshot& snapshot) = 0;
  virtual void DefineView(const std::string& name, const std::string& select) = 0;

  // From Lock() on only one SELECT that reads defined tables runs: no files, no network, no settings, no other
  // statement. CheckReadOnlySelect throws Error{kInput} that says what is out of reach.
  virtual void CheckReadOnlySelect(std::string_view sql) = 0;
  virtual void Lock() = 0;

  // From another thread or a signal watcher: the running statement fails with Error{kUnavailable}.
  virtual void Interrupt() = 0;
};

}  // namespace qlake::engine
