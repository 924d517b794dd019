#pragma once

#include <string>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/row_sink.h"

namespace qlake::engine {

// Lets DuckDB's threads give rows to a sink while they compute them: the scalar function qlake_sink(ANY...) takes the
// cells of a row.
class SinkFunction {
 public:
  explicit SinkFunction(Connection& connection);
  SinkFunction(const SinkFunction&) = delete;
  SinkFunction& operator=(const SinkFunction&) = delete;

  // Runs the SELECT and gives all its rows to the sink, with these columns of them: those that the sink takes.
  void Run(const std::string& select, const std::vector<std::string>& columns, RowSink& sink);

  // What the function's callback works with.
  Connection& connection() { return connection_; }
  RowSink* sink() { return sink_; }

 private:
  Connection& connection_;
  RowSink* sink_ = nullptr;  // Of the statement that runs.
};

}  // namespace qlake::engine
