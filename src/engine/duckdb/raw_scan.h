#pragma once

#include <memory>
#include <string>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/scan_function.h"
#include "engine/duckdb/scan_meter.h"

namespace qlake::engine {

// Lets SQL read raw files: the table function qlake_raw_scan(id) over the scans added here, with projection pushdown.
// One file is one piece of work; DuckDB's threads take the files in order. Must outlive the connection's statements.
class RawScans {
 public:
  RawScans(const storage::Storage& storage, Connection& connection, ScanMeter& meter);
  RawScans(const RawScans&) = delete;
  RawScans& operator=(const RawScans&) = delete;

  // The SELECT that reads the scan. It replaces an older one that was added for the same view.
  std::string Add(const std::string& view, RawScan scan);

  // Lets go of the scans of chosen records, which hold files' bytes; their views show nothing any more.
  void ForgetPlaces();

  // What the table function's callbacks work with.
  const storage::Storage& storage() const { return storage_; }
  Connection& connection() { return connection_; }
  std::shared_ptr<const RawScan> Find(int64_t id, idx_t) const { return scans_.Find(id); }  // nullptr when it is gone.
  ScanMeter& meter() { return meter_; }

 private:
  const storage::Storage& storage_;
  Connection& connection_;
  ScanMeter& meter_;
  ScanRegistry<RawScan> scans_;
};

}  // namespace qlake::engine
