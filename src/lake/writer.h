#pragma once

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "delta/transaction.h"
#include "engine/duckdb/database.h"
#include "lake/lake.h"

namespace qlake::lake {

inline constexpr const char* kWriterApp = "qlake.writer";

// The right to write to a lake, held by one process at a time: an OS lock, which dies with its holder, and an epoch
// that grows with every holder. Every commit carries the epoch as `txn` qlake.writer and is refused when the table has
// seen a later one; so a holder that was stopped and woke up too late cannot write.
class Writer {
 public:
  // Waits for the lease at most `wait`. Throws Error{kUnavailable} that says who holds it.
  Writer(Lake& lake, std::string run_id, std::chrono::milliseconds wait);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Lake& lake() { return lake_; }
  int64_t epoch() const { return epoch_; }
  const std::string& run_id() const { return run_id_; }

  // `operation` is commitInfo's; WRITE lets the engine name what the change is. Engine::Apply on top of the table's
  // newest version, fenced by the epoch. Throws Error{kUnavailable} on a conflict: another writer has been at the
  // table; run the command again. `progress` may be empty.
  engine::ApplyReport Commit(const engine::TableTarget& target, const engine::TableChange& change,
                             std::vector<delta::SetTransaction> progress, const std::string& operation = "WRITE");
  // Commit(), of which only the rows are computed at once: a thread writes and commits them while the next table's are
  // computed, a few at a time. Tables are committed in any order. REQUIRES: none is committed to twice before Await().
  void CommitLater(const engine::TableTarget& target, const engine::TableChange& change,
                   std::vector<delta::SetTransaction> progress, const std::string& operation = "WRITE");
  // Waits for all of them: their reports in the order of the calls. Throws what the first that failed threw.
  std::vector<engine::ApplyReport> Await();
  // Commit() and CommitLater() for a few constant rows of one of our own tables, appended.
  engine::ApplyReport Append(const TableSchema& schema, const std::vector<TextRow>& rows,
                             std::vector<delta::SetTransaction> progress = {});
  void AppendLater(const TableSchema& schema, const std::vector<TextRow>& rows,
                   std::vector<delta::SetTransaction> progress = {});
  // A transaction that the caller has staged, with the epoch. Losing the race is the caller's to settle.
  [[nodiscard]] delta::CommitOutcome Commit(delta::Transaction transaction, delta::CommitOptions options);

 private:
  int64_t NextEpoch() const;
  engine::ComputedChange Compute(const engine::TableTarget& target, const engine::TableChange& change,
                                 std::vector<delta::SetTransaction> progress, const std::string& operation);

  Lake& lake_;
  std::string run_id_;
  int lock_fd_ = -1;
  int64_t epoch_ = 0;
  std::vector<std::shared_future<engine::ApplyReport>> pending_;  // Of CommitLater(), in its order.
};

}  // namespace qlake::lake
