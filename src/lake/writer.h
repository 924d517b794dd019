#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "delta/transaction.h"
#include "engine/duckdb/database.h"
#include "lake/lake.h"
#include "lake/lease.h"

namespace qlake::lake {

inline constexpr const char* kWriterApp = "qlake.writer";

// What a writer has added to a table.
struct TableCommit {
  std::string table;                        // layer.table
  delta::Version base = delta::kNoVersion;  // What it stands on.
  delta::Version version = delta::kNoVersion;
  int64_t rows_inserted = 0;  // As this and the next two are known: of a transaction that the caller staged they are 0.
  int64_t rows_removed = 0;
  uint64_t bytes_written = 0;
};

// How many commits may be under way at a time.
class CommitPlaces {
 public:
  // Waits for one.
  void Take();
  void GiveBack();

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  int taken_ = 0;
};

// Writes to a lake under its lease. Every commit carries the lease's epoch as `txn` qlake.writer and is refused when
// the table has seen a later one; so a holder that was stopped and woke up too late cannot write. A holder that took
// the lease over from one that may still live shows all tables its epoch first.
class Writer {
 public:
  // Waits for the lease at most `wait`. Throws Error{kUnavailable} that says who holds it, Error{kInput} when the lake
  // is a copy that is not finished.
  Writer(Lake& lake, std::string run_id, std::chrono::milliseconds wait);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Lake& lake() { return lake_; }
  int64_t epoch() const { return lease_->epoch(); }
  const std::string& run_id() const { return run_id_; }
  // Throws Error{kUnavailable} when another holds the lease by now. For what stands outside the tables, which are
  // fenced.
  void RequireLease() const { lease_->RequireHeld(); }

  // `operation` is commitInfo's; WRITE lets the engine name what the change is. Engine::Apply on top of the table's
  // newest version, fenced by the epoch. Throws Error{kUnavailable} on a conflict: another writer has been at the
  // table; run the command again. `progress` may be empty.
  engine::ApplyReport Commit(const engine::TableTarget& target, const engine::TableChange& change,
                             std::vector<delta::SetTransaction> progress, const std::string& operation = "WRITE");
  // Commit(), of which only the rows are computed at once: a thread writes and commits them while the next table's are
  // computed, a few at a time. Tables are committed in any order. REQUIRES: none is committed to twice before Await().
  void CommitLater(const engine::TableTarget& target, const engine::TableChange& change,
                   std::vector<delta::SetTransaction> progress, const std::string& operation = "WRITE");
  // The same, computed by an engine of the lake's choice.
  void CommitLater(engine::Engine& engine, const engine::TableTarget& target, const engine::TableChange& change,
                   std::vector<delta::SetTransaction> progress);
  struct LaterChange {
    engine::TableTarget target;
    engine::TableChange change;
    std::vector<delta::SetTransaction> progress;
    bool may_fail = false;  // The others go on without it.
  };
  // CommitLater() of several tables, in their order, but computed side by side where the engine can. Of each, why it
  // failed, if it may; any other failure, and all that is unavailable, is thrown: then some are committed, and what has
  // not begun is left. `on_turn` is called in order with the place of the first that is not computed, at last with
  // their number, and with the place of the one whose failure is thrown: from any thread, one at a time.
  std::vector<std::optional<base::Error>> CommitEachLater(engine::Engine& engine,
                                                          const std::vector<LaterChange>& changes,
                                                          const std::function<void(size_t)>& on_turn);
  // Waits for all of them: their reports in the order of the calls. Throws what the first that failed threw.
  std::vector<engine::ApplyReport> Await();
  // Commit() and CommitLater() for a few constant rows of one of our own tables, appended.
  engine::ApplyReport Append(const TableSchema& schema, const std::vector<TextRow>& rows,
                             std::vector<delta::SetTransaction> progress = {});
  void AppendLater(const TableSchema& schema, const std::vector<TextRow>& rows,
                   std::vector<delta::SetTransaction> progress = {});
  // Waits for all of them, whatever becomes of them.
  void Settle();
  // What has been committed so far, in its order. From any thread.
  std::vector<TableCommit> commits() const;
  // A transaction that the caller has staged, with the epoch. Losing the race is the caller's to settle.
  [[nodiscard]] delta::CommitOutcome Commit(delta::Transaction transaction, delta::CommitOptions options);

 private:
  engine::ApplyReport CommitComputed(const std::string& table_path, engine::ComputedChange computed);
  void Note(TableCommit commit);
  void FenceTables();
  engine::ComputedChange Compute(engine::Engine& engine, const engine::TableTarget& target,
                                 const engine::TableChange& change, std::vector<delta::SetTransaction> progress,
                                 const std::string& operation);
  engine::ApplyOptions OptionsOf(std::vector<delta::SetTransaction> progress, const std::string& operation) const;
  std::optional<delta::Snapshot> LoadBase(const std::string& table_path) const;
  // Waits while too many are under way.
  std::shared_future<engine::ApplyReport> BeginCommit(const std::string& table_path, engine::ComputedChange computed);

  Lake& lake_;
  std::string run_id_;
  std::unique_ptr<Lease> lease_;
  mutable std::mutex commits_mutex_;
  std::vector<TableCommit> commits_;  // Guarded by commits_mutex_.
  CommitPlaces places_;
  // Of CommitLater(), in its order. They end before the lease does: nobody else may write before.
  std::vector<std::shared_future<engine::ApplyReport>> pending_;
};

}  // namespace qlake::lake
