#pragma once

#include <chrono>
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
  // The same for a few constant rows of one of our own tables, appended.
  engine::ApplyReport Append(const TableSchema& schema, const std::vector<TextRow>& rows,
                             std::vector<delta::SetTransaction> progress = {});

 private:
  int64_t NextEpoch() const;

  Lake& lake_;
  std::string run_id_;
  int lock_fd_ = -1;
  int64_t epoch_ = 0;
};

}  // namespace qlake::lake
