#pragma once

#include <memory>
#include <string>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/scan_function.h"
#include "engine/duckdb/staged_rows.h"

namespace qlake::engine {

// Lets SQL read staged rows: the table function qlake_staged_scan(id) over the scans added here, with projection
// pushdown. DuckDB's threads take some thousand rows at a time, or a whole group of rows that cluster. Must outlive the
// connection's statements.
class StagedScans {
 public:
  explicit StagedScans(Connection& connection);
  StagedScans(const StagedScans&) = delete;
  StagedScans& operator=(const StagedScans&) = delete;

  // The SELECT that reads the scan. It replaces an older one that was added for the same view.
  std::string Add(const std::string& view, StagedScan scan);

  // Puts the scan in the place of the one that was added for the view, which then shows it. False, and nothing done,
  // when there is none or its columns are others.
  bool Replace(const std::string& view, const StagedScan& scan);

  // Lets go of all staged rows; whoever reads a view of them then is told so.
  void Forget();

  // What the table function's callbacks work with.
  Connection& connection() { return connection_; }
  std::shared_ptr<const StagedScan> Find(int64_t id) const { return scans_.Find(id); }  // nullptr when it is gone.

 private:
  Connection& connection_;
  ScanRegistry<StagedScan> scans_;
};

}  // namespace qlake::engine
