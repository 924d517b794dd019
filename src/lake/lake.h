#pragma once

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delta/snapshot.h"
#include "engine/duckdb/database.h"
#include "lake/tables.h"
#include "storage/storage.h"

namespace qlake::lake {

// {table name: version}: what a finished step stands for, and what an intent says it will read. -1: no such table yet.
using TableVersions = std::map<std::string, delta::Version>;
std::string ToJsonText(const TableVersions& versions);
TableVersions VersionsFromJson(const std::string& json);

struct LakeOptions {
  std::string root;  // A folder of the local disk, or hdfs://host:port/folder.
  uint64_t memory_bytes = uint64_t{1} << 30;
  storage::HdfsOptions hdfs;
  std::chrono::milliseconds hdfs_lease{8'000};  // lake/hdfs_lease.h
};

class KnownRecords;

// The lake and the engine over it. Not thread-safe, but for loading tables and what Database says.
class Lake {
 public:
  // Does no I/O on tables; opens the engine at its first use.
  Lake(const LakeOptions& options, const base::Clock& clock);
  ~Lake();

  storage::Storage& storage() { return *storage_; }
  // The embedded engine: what reads and writes the lake's own tables, whatever engine computes.
  engine::Database& database();
  // It ends, and what was copied for it goes; its next use opens it anew. For those who need it rarely. REQUIRES:
  // nothing of it is in use.
  void CloseDatabase();
  // The engine that answers reports, dumps and people's SQL: the embedded one, unless UseEngine() gave another.
  engine::Engine& engine();
  void UseEngine(std::unique_ptr<engine::Engine> engine);
  bool uses_embedded_engine() const { return engine_ == nullptr; }
  // From another thread or a signal watcher: what runs on an engine fails with Error{kUnavailable}. REQUIRES:
  // database() was called.
  void Interrupt();
  const base::Clock& clock() const { return clock_; }
  const LakeOptions& options() const { return options_; }

  // The newest version of "layer.table" (what was read of its log before is not read again), or nothing when there is
  // no such table (or the version asked for is -1).
  std::optional<delta::Snapshot> Load(const std::string& table) const;
  std::optional<delta::Snapshot> LoadVersion(const std::string& table, delta::Version version) const;

  std::optional<delta::Snapshot> LoadPath(const std::string& path) const;  // By the table's folder.
  // Reads the logs of the tables on threads of its own; who loads one first waits for all. For who does something else
  // meanwhile. A log that cannot be read is told of when it is loaded.
  void LoadAhead(const std::vector<std::string>& tables);

  // Names of all Delta tables in the lake's layers, sorted.
  std::vector<std::string> TableNames() const;

  // The project's functions in one of the lake's engines; again does nothing while they are the same.
  void DefineFunctions(engine::Engine& engine, const std::string& sql);
  // What was read of the lake's own tables, for lake/records.h.
  KnownRecords& known_records() { return *known_records_; }
  // Defines the table as a view of its name: at a snapshot, or, without one, empty with the schema's columns.
  void Define(const TableSchema& schema, const std::optional<delta::Snapshot>& snapshot);

 private:
  void TakeLoadedAhead() const;

  LakeOptions options_;
  const base::Clock& clock_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Engine> engine_;                             // That of UseEngine(), if any.
  mutable std::mutex loading_;                                         // Guards the next two.
  mutable std::map<std::string, delta::Snapshot> loaded_;              // By path, as they were loaded last.
  mutable std::future<std::map<std::string, delta::Snapshot>> ahead_;  // Of LoadAhead(), until they are in loaded_.
  std::map<const engine::Engine*, std::string> functions_;             // That are defined.
  std::unique_ptr<KnownRecords> known_records_;
};

}  // namespace qlake::lake
