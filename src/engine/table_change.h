#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/column_type.h"
#include "delta/constraints.h"
#include "delta/transaction.h"

namespace qlake::engine {

// What to do to one table in one commit. Inserted rows have the table's columns in its order, partition columns
// included. Present rows go in one way at most: by keys, by a condition, or whole files of them.
struct TableChange {
  std::string insert_sql;  // SELECT of the rows to add; empty: none.
  // SELECT of the keys (columns `key_columns`) whose rows go; files that hold any are rewritten without them. Empty:
  // none.
  std::string remove_sql;
  std::vector<std::string> key_columns;
  // A condition over the table's columns: rows for which it is true go. Files go without being read where their
  // partition decides it.
  std::string remove_where;
  bool insert_matches_where = false;  // The inserted rows meet remove_where, or the change is Error{kInput}: they
                                      // replace what it removes.
  bool replace = false;               // All present rows go,
  bool replace_partitions = false;    // or all of the partitions that inserted rows are of.
  // The inserted rows need no order, and those of one partition come together (StagedScan::by_cluster): they are
  // written by many threads while they come.
  bool clustered = false;
  // Paths of live files that go as they are: the inserted rows stand for theirs. When one of them is no longer live,
  // the outcome is a Conflict.
  std::vector<std::string> fold_files;
};

// What a table asks of everybody who writes it.
struct TableSettings {
  std::vector<delta::Constraint> checks;          // CHECK constraints, by name.
  std::map<std::string, std::string> properties;  // delta::RequireProperty says which.
};

// The table as it shall be. Columns that the table lacks are added, as nullable ones; where a type is wider than the
// table's, the table's files are rewritten in it.
struct TableTarget {
  std::string path;  // In the storage: warehouse/sales_transactions_fact
  std::vector<base::Column> columns;
  std::vector<std::string> partition_columns;
  std::string description;
  // What earlier settings asked for and these do not goes; what others set stays. Nothing: all stays as it is.
  std::optional<TableSettings> settings = std::nullopt;
};

struct ApplyOptions {
  std::vector<delta::SetTransaction> progress;  // Staged in the same commit.
  std::string fence_app;                        // delta::Transaction::FenceBy, when not empty.
  int64_t fence_epoch = 0;
  delta::CommitOptions commit;
};

struct ApplyReport {
  delta::CommitOutcome outcome;
  int64_t rows_inserted = 0;
  int64_t rows_removed = 0;
  int64_t rows_copied = 0;  // From files that went into files that came: rows that stay.
  int64_t files_added = 0;
  int64_t files_removed = 0;
  int64_t change_files_added = 0;
  uint64_t bytes_written = 0;
  uint64_t bytes_removed = 0;
};

// A change of one table whose rows are computed: what is left asks the engine nothing. One that is never committed
// leaves at most files that no version names.
class ComputedChange {
 public:
  // What an engine keeps of it until the commit.
  class Work {
   public:
    Work() = default;
    virtual ~Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ApplyReport Commit() = 0;
  };
  explicit ComputedChange(std::unique_ptr<Work> work) : work_(std::move(work)) {}

  // Writes the data files that are not yet written, and commits. Any thread may call it. REQUIRES: the engine lives.
  ApplyReport Commit() && { return work_->Commit(); }

 private:
  std::unique_ptr<Work> work_;
};

}  // namespace qlake::engine
