#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "spark/connection.h"
#include "storage/storage.h"

namespace qlake::engine {

// What Spark writes before it is a table's, each session into a folder of its own below it. Goes with the session; what
// a killed process left may go whenever nobody writes to the lake.
inline constexpr const char* kSparkScratch = "_qlake/spark";

// A session on a Spark Connect server that reads the lake's Delta tables where they lie and writes data files below
// kSparkScratch: the server has to reach both under the same paths. Tables are temporary views of the session
// (session_views.h), pinned to their version when they are defined. Spark's failures are spark::StatementError, its
// going away Error{kUnavailable}.
class SparkEngine : public Engine {
 public:
  // Does no I/O: the first statement reaches the server.
  SparkEngine(storage::Storage& storage, const spark::Connection& connection);
  ~SparkEngine() override;

  std::string_view name() const override { return "spark"; }
  void Run(std::string_view sql) override;
  using Engine::Query;
  void Query(std::string_view sql, const ResultVisitor& visitor) override;
  void DefineTable(const std::string& name, const delta::Snapshot& snapshot) override;
  void DefineView(const std::string& name, const std::string& select) override;
  void DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                   const std::vector<std::string>& paths) override;
  void DefineEmptyTable(const std::string& name, const std::vector<base::Column>& columns) override;
  // Kept as files of the session's scratch folder until Forget().
  void DefineRows(const std::string& name, const std::string& select) override;
  void FillTable(const std::string& name, const std::vector<base::Column>& columns,
                 const std::vector<std::vector<std::optional<std::string>>>& rows) override;
  void RemoveLeftovers() override;
  void Forget(const std::vector<std::string>& layers) override;
  std::vector<base::Column> Describe(std::string_view sql) override;
  std::string SqlType(const base::ColumnType& type) const override { return base::FormatDeltaType(type); }
  // Spark writes the data files (spark_change.h).
  ComputedChange Compute(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                         const TableChange& change, const ApplyOptions& options, const base::Clock& clock) override;
  void CheckChange(const TableTarget& target, const std::optional<delta::Snapshot>& base, const TableChange& change,
                   const base::Clock& clock) override;
  void CheckReadOnlySelect(std::string_view sql) override;
  void Lock() override;
  void Interrupt() override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace qlake::engine
