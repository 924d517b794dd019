#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/logical_type.h"

namespace qlake::engine {

class Connection;

// The answer of one SELECT, chunk by chunk, in order. The connection can do nothing else until it is gone.
class ResultStream {
 public:
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<LogicalType>& types() const { return types_; }

  // False at the end. Throws what the statement failed with.
  bool Next(ChunkHandle& chunk);

 private:
  friend class Connection;
  explicit ResultStream(Connection& connection) : connection_(connection) {}

  Connection& connection_;
  StatementHandle statement_;
  PendingHandle pending_;
  ResultHandle result_;
  std::vector<std::string> names_;
  std::vector<LogicalType> types_;
};

// A connection to an in-memory DuckDB, the first one also its owner. Not thread-safe but for Interrupt() and
// NoteFailure(). Failures are thrown as database.h says.
class Connection {
 public:
  explicit Connection(const DatabaseOptions& options);
  // Another one to the same database, which sees what the first defined and always keeps the order of rows, as the
  // setting is everybody's. REQUIRES: the first outlives it and changes no setting meanwhile.
  explicit Connection(Connection& first);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  duckdb_connection get() const { return connection_.get(); }
  idx_t Number() const;  // No other connection to the database ever has it.

  // Statements that make views and schemas.
  void Define(std::string_view sql) { Execute(sql); }
  // Any number of statements; answers are dropped. Rows of a table that is made this way have no order to rely on.
  void Run(std::string_view sql);
  // One statement; its answer comes in the order that it asks for.
  ResultStream Stream(std::string_view sql);
  // The same, in no order but computed by all threads, and held in memory at once.
  ResultStream Gather(std::string_view sql);
  // Column names and types of a SELECT, which is not run.
  void DescribeSelect(std::string_view sql, std::vector<std::string>& names, std::vector<LogicalType>& types);
  // One text that the statement, with one text bound to its parameter, answers with.
  std::string AskText(std::string_view sql, std::string_view parameter);

  // Whether Run() and Gather() are to read by many threads; few rows are not worth the settings. At first they are.
  void ReadInParallel(bool in_parallel) { reads_in_parallel_ = in_parallel; }
  bool reads_in_parallel() const { return reads_in_parallel_; }

  void Interrupt() { duckdb_interrupt(connection_.get()); }
  // A callback of ours failed inside of DuckDB, which only carries texts: the statement shall fail with this.
  void NoteFailure(const base::Error& error);
  // No setting can be changed any more; answers keep their order.
  void LockConfiguration();

  [[noreturn]] void ThrowFailure(duckdb_error_type type, const char* message);

 private:
  void KeepOrder(bool keep);
  void ForgetFailure();
  void Execute(std::string_view sql);
  StatementHandle Prepare(std::string_view sql);

  DatabaseHandle database_;
  ConnectionHandle connection_;
  bool keeps_order_ = true;
  bool reads_in_parallel_ = true;
  bool locked_ = false;
  std::mutex mutex_;
  std::optional<base::Error> failure_;  // Guarded by mutex_.
};

// Runs the body of a callback that DuckDB calls. Nothing may throw through DuckDB: the failure waits at the connection,
// and DuckDB is told a text.
template <typename SetError, typename Body>
void GuardCallback(Connection& connection, SetError set_error, const Body& body) {
  try {
    body();
  } catch (const base::Error& error) {
    connection.NoteFailure(error);
    set_error(error.what());
  } catch (const std::exception& error) {
    set_error(error.what());
  }
}

}  // namespace qlake::engine
