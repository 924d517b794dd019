#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

  // Has statements of one connection see only some rows of the scan that was added for the view, in this order; or all
  // again, as when the scan is put in place anew. Thread-safe. REQUIRES: there is one.
  void ShowOnly(const std::string& view, const Connection& connection, std::optional<std::vector<StagedRow>> rows);

  // Lets go of all staged rows; whoever reads a view of them then is told so.
  void Forget();

  // What the table function's callbacks work with.
  Connection& connection() { return connection_; }
  std::shared_ptr<const StagedScan> Find(int64_t id, idx_t connection) const;  // nullptr when it is gone.

 private:
  Connection& connection_;
  ScanRegistry<StagedScan> scans_;
  mutable std::mutex mutex_;                                                       // Guards what follows.
  std::map<std::pair<idx_t, int64_t>, std::shared_ptr<const StagedScan>> narrow_;  // By connection and id.
};

}  // namespace qlake::engine
