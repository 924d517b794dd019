#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"
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

  Connection& connection() { return connection_; }
  std::shared_ptr<const StagedScan> Find(int64_t id) const;  // nullptr when it is gone.

 private:
  Connection& connection_;
  int64_t last_id_ = 0;
  std::map<std::string, int64_t> id_of_view_;
  std::map<int64_t, std::shared_ptr<const StagedScan>> scans_;
  mutable std::mutex mutex_;  // Guards scans_: DuckDB does not promise which thread binds.
};

}  // namespace qlake::engine
