#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connection.h"
#include "spark/statement.h"
#include "spark/statement_error.h"

namespace arrow {
class RecordBatch;
class Schema;
class Table;
}  // namespace arrow

namespace qlake::spark {

// Takes an answer as it comes. Times have zone UTC when the session has it.
struct AnswerVisitor {
  std::function<void(const std::shared_ptr<arrow::Schema>&)> on_schema;  // Once, before the rows, also when none come.
  std::function<bool(const std::shared_ptr<arrow::RecordBatch>&)> on_rows;  // False: no more wanted.
};

// What one operator of the executed plan counted, by Spark's names: numOutputRows, numFiles, ...
struct OperatorMetrics {
  std::string name;  // "Execute MergeIntoCommand"
  std::map<std::string, int64_t> values;
};

struct Answer {
  // What a command has to tell, such as num_affected_rows of a MERGE; no columns and no rows when nothing.
  std::shared_ptr<arrow::Table> rows;
  std::vector<OperatorMetrics> metrics;
};

// How far the running statement is, over the stages that Spark has begun.
struct Progress {
  int64_t tasks = 0;
  int64_t tasks_done = 0;
  int64_t tasks_running = 0;
  int64_t bytes_read = 0;
};

// SQL over a view of CreateStreamView(), appended to a folder micro-batch by micro-batch.
struct StreamingQueryOptions {
  std::string name;  // For people.
  std::string sql;
  std::string format;  // Of the folder: delta
  std::string path;
  std::map<std::string, std::string> options;  // checkpointLocation
  std::vector<std::string> partition_columns;
  std::chrono::milliseconds trigger_every{1000};
};

// One run of a query.
struct StreamingQuery {
  std::string id;
  std::string run_id;
};

struct StreamingQueryStatus {
  bool is_active = false;
  std::string message;  // What it does at the moment.
  std::string failure;  // Why it ended, when it failed: the first lines of what Spark says.
};

struct SessionOptions {
  Connection connection;
  std::map<std::string, std::string> config;  // Of the session, by Spark's names.
  // Every few seconds while a statement runs, on the thread that waits for it; may throw, which gives the statement up.
  std::function<void(const Progress&)> on_progress;
};

// A session on a Spark Connect server: settings, temporary views and functions of its own. A statement survives that
// its connection breaks: it goes on at the server, and its answer from where it was cut; nothing is executed twice, no
// row comes twice. What does not survive is the server itself.
//
// Statements throw StatementError for what Spark makes of them, and Error{kUnavailable} when the server is gone, or was
// started anew and so lost the session: what the statement did is then unknown. Statements may run side by side.
class Session {
 public:
  // Reaches the server. Throws Error{kInput} on a wrong token or certificate and on settings that Spark refuses,
  // Error{kUnavailable} when no server answers in time.
  explicit Session(SessionOptions options);
  ~Session();  // Has the server forget the session, unless it is gone.
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& id() const;  // A UUID that Spark's log names, too.
  std::string ServerVersion();    // "4.2.0"

  void Set(const std::map<std::string, std::string>& config);
  void Unset(const std::vector<std::string>& keys);
  std::optional<std::string> Get(const std::string& key);

  // Any statement, its answer gathered in memory: for commands. A query takes two round trips here.
  Answer Execute(const Statement& statement);

  // Hands out the rows of a query as they come, in memory that does not grow with them. REQUIRES: a query; a command is
  // for Execute.
  std::vector<OperatorMetrics> Query(const Statement& statement, const AnswerVisitor& visitor);

  // The rows of a query gathered in memory.
  std::shared_ptr<arrow::Table> Fetch(const Statement& statement);

  // A temporary view of the table's rows, which go to the server with the call. Replaces one of that name.
  void CreateView(const std::string& name, const arrow::Table& table);

  // A temporary view of what a streaming source brings, such as format kafka with its options.
  void CreateStreamView(const std::string& name, const std::string& format,
                        const std::map<std::string, std::string>& options);

  // Starts a query of Structured Streaming, which then runs at the server until it is stopped, fails, or the session
  // ends; one that nobody ends outlives its client.
  StreamingQuery StartQuery(const StreamingQueryOptions& options);
  StreamingQueryStatus StatusOf(const StreamingQuery& query);
  void StopQuery(const StreamingQuery& query);  // Returns when it has stopped.

  // From any thread: what runs fails with Error{kUnavailable} within a second or two, and what comes later at once.
  void Interrupt();

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

// Ends a session that another client left at the server, and the queries that it runs there. Does nothing when there is
// none, or the server does not answer in a moment.
void EndSession(const Connection& connection, const std::string& session_id);

}  // namespace qlake::spark
