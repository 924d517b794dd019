#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "delta/conflict.h"
#include "delta/snapshot.h"

namespace qlake::delta {

struct Committed {
  Version version = kNoVersion;
};
// Another writer's commit stands in the way; nothing of ours is visible. Load a new snapshot, decide anew.
struct Conflict {
  Version version = kNoVersion;  // The version that stands in the way.
  std::string reason;
};
using CommitOutcome = std::variant<Committed, Conflict>;

struct CommitOptions {
  std::string operation = "WRITE";  // commitInfo.operation
  base::Json operation_parameters = base::Json::object();
  base::Json operation_metrics = base::Json::object();
  std::string run_id;  // commitInfo.qlakeRunId, when not empty.
  // A checkpoint is written after every version that is a multiple; 0: never; nothing: as the table asks.
  std::optional<int64_t> checkpoint_interval;
};

// One attempt to add one version to a table's log. Readers see nothing until Commit() returns Committed. A crash before
// that leaves only unreferenced files, which vacuum removes. Not thread-safe; racing Transactions are safe.
class Transaction {
 public:
  // `base`: the snapshot that the work was computed from; nothing when the table is to be created. Does no I/O.
  Transaction(storage::Storage& storage, std::string table_path, std::optional<Snapshot> base);
  const std::string& table_path() const { return table_path_; }

  // REQUIRES: the table is new, or each of its live files that stays is right under the new schema. The protocol is
  // raised to what the configuration asks for (RaiseProtocol).
  void Stage(Metadata metadata);
  void Stage(AddFile file);     // The file was written with Storage::Write; Commit() syncs it.
  void Stage(ChangeFile file);  // The same. REQUIRES: all change files of the version together tell all its changes.
  void Stage(RemoveFile file);  // REQUIRES: the file is live in the base.
  void Stage(SetTransaction progress);
  // The rows of such files decided what is staged: a change of them by another is a Conflict. Say it of whatever was
  // read; a transaction that removes rows and says nothing counts as one that read the whole table, a compaction (its
  // adds and removes have data_change false) as one that read what it removes.
  void Read(FileFilter files) { rules_.Read(std::move(files)); }
  void ReadTable();
  // A commit between base and ours that sets the transaction of one of these applications is a Conflict. Applications
  // of staged SetTransactions count as read.
  void ReadTransactionsOf(std::string app_id);
  // Fences: a snapshot or a commit between whose transaction of `app_id` is above `epoch` is a Conflict.
  void FenceBy(const std::string& app_id, int64_t epoch);

  // The caller says that the staged rows meet ConstraintsOf() the metadata, and that change files are staged where the
  // table wants them. Without that, Commit() refuses to change the rows of a table that asks for either.
  void VouchForRows() { rows_are_vouched_for_ = true; }

  const std::string& txn_id() const { return txn_id_; }  // commitInfo.txnId, unique.

  // In this order: 1. fsync of staged files and their folders, 2. put-if-absent of the log file (the commit), 3. a
  // checkpoint when due, and with it the log's cleanup (their failure is logged, not thrown: the commit stands). Losing
  // the race is no error: we try again behind the winner, unless ConflictRules find it in the way: then the answer is
  // Conflict. After an I/O error in 2 the log is searched for txn_id(): the answer is true, or Error{kIo} when the log
  // cannot be read either. timestamp = max(clock, previous + 1 ms). REQUIRES: something was staged.
  [[nodiscard]] CommitOutcome Commit(const base::Clock& clock, const CommitOptions& options) &&;

 private:
  void RequireStaged() const;
  void RequireAllowed() const;
  void RequireVouchedFor() const;
  std::optional<Conflict> FindConflictWithBase() const;
  void SyncStagedFiles();
  void FillInMetadata(int64_t now_ms);
  std::string FormatStaged(int64_t now_ms) const;
  std::string FormatCommitInfo(int64_t timestamp_ms, const CommitOptions& options) const;
  CommitOutcome PutNextVersion(const base::Clock& clock, const CommitOptions& options);
  bool PutLogFile(Version version, const std::string& bytes);
  bool IsOurs(const std::vector<Action>& actions) const;
  void WriteCheckpointIfDue(Version version, const base::Clock& clock, const CommitOptions& options);

  storage::Storage& storage_;
  std::string table_path_;
  std::optional<Snapshot> base_;
  std::string txn_id_;
  std::optional<Metadata> metadata_;
  std::vector<AddFile> adds_;
  std::vector<ChangeFile> changes_;
  std::vector<RemoveFile> removes_;
  std::vector<SetTransaction> transactions_;
  ConflictRules rules_;
  bool rows_are_vouched_for_ = false;
};

}  // namespace qlake::delta
