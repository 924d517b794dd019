#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "spark/connection.h"
#include "storage/storage.h"

namespace qlake::engine {

// A session on a Spark Connect server that reads the lake's Delta tables where they lie: the server has to reach them
// under the same paths. Tables are temporary views of the session (session_views.h), pinned to their version when they
// are defined. Spark's failures are spark::StatementError, its going away Error{kUnavailable}.
class SparkEngine : public Engine {
 public:
  // Does no I/O: the first statement reaches the server.
  SparkEngine(const storage::Storage& storage, const spark::Connection& connection);
  ~SparkEngine() override;

  std::string_view name() const override { return "spark"; }
  void Run(std::string_view sql) override;
  using Engine::Query;
  void Query(std::string_view sql, const ResultVisitor& visitor) override;
  void DefineTable(const std::string& name, const delta::Snapshot& snapshot) override;
  void DefineView(const std::string& name, const std::string& select) override;
  void CheckReadOnlySelect(std::string_view sql) override;
  void Lock() override;
  void Interrupt() override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace qlake::engine
