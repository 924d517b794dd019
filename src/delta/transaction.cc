#include "delta/transaction.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/seal.h"
#include "delta/action_json.h"
#include "delta/checkpoint.h"
#include "delta/commit_time.h"
#include "delta/constraints.h"
#include "delta/log_cleanup.h"
#include "delta/log_listing.h"
#include "delta/lost_races.h"
#include "delta/table_properties.h"
#include "delta/table_support.h"
#include "storage/path.h"

namespace qlake::delta {
namespace {

constexpr const char* kEngine = "qlake/0.1.0";

int64_t NowMs(const base::Clock& clock) { return clock.Now().us / 1000; }

// commitInfo is for people: bytes that are not UTF-8 must not fail a commit.
std::string Dump(const base::Json& json) { return json.dump(-1, ' ', false, base::Json::error_handler_t::replace); }

// Values of operationParameters and operationMetrics are texts by convention; readers such as Spark want a map of them.
base::Json AsTexts(const base::Json& values) {
  base::Json texts = base::Json::object();
  for (const auto& [key, value] : values.items()) texts[key] = value.is_string() ? value : base::Json(Dump(value));
  return texts;
}

}  // namespace

Transaction::Transaction(storage::Storage& storage, std::string table_path, std::optional<Snapshot> base)
    : storage_(storage),
      table_path_(std::move(table_path)),
      base_(std::move(base)),
      txn_id_(base::NewUuid()),
      rules_(base_) {}

void Transaction::Stage(Metadata metadata) {
  QLAKE_CHECK(!base_ || base_->metadata().partition_columns == metadata.partition_columns);
  metadata_ = std::move(metadata);
  if (base_) rules_.ChangeMetadata();
}

void Transaction::Stage(AddFile file) { adds_.push_back(std::move(file)); }

void Transaction::Stage(ChangeFile file) { changes_.push_back(std::move(file)); }

void Transaction::Stage(RemoveFile file) {
  QLAKE_CHECK(base_ && base_->files().contains(file.path));
  rules_.Remove(file);
  removes_.push_back(std::move(file));
}

void Transaction::Stage(SetTransaction progress) {
  rules_.ReadTransactionsOf(progress.app_id);
  transactions_.push_back(std::move(progress));
}

void Transaction::ReadTable() {
  rules_.Read([](const AddFile&) { return true; });
}

void Transaction::ReadTransactionsOf(std::string app_id) { rules_.ReadTransactionsOf(std::move(app_id)); }

void Transaction::FenceBy(const std::string& app_id, int64_t epoch) { rules_.FenceBy(app_id, epoch); }

CommitOutcome Transaction::Commit(const base::Clock& clock, const CommitOptions& options) && {
  RequireStaged();
  RequireAllowed();
  if (auto conflict = FindConflictWithBase()) return *std::move(conflict);

  // 1. The staged files and the folders that name them become durable. A crash here leaves files that no version names.
  base::CrashPoint("delta.before_sync");
  SyncStagedFiles();

  // 2. The log file: put-if-absent, durable and in one piece. A crash here leaves files that no version names, or the
  //    whole version; whoever comes next finds out by the transactions that it carries.
  base::CrashPoint("delta.before_log");
  CommitOutcome outcome = PutNextVersion(clock, options);
  const auto* committed = std::get_if<Committed>(&outcome);
  if (committed == nullptr) return outcome;
  base::CrashPoint("delta.after_log");

  // 3. A checkpoint when due. A crash here leaves the version without it: readers take an older one and more commits.
  WriteCheckpointIfDue(committed->version, clock, options);
  return outcome;
}

void Transaction::RequireStaged() const {
  QLAKE_CHECK(metadata_ || !adds_.empty() || !removes_.empty() || !transactions_.empty());
  QLAKE_CHECK(base_ || metadata_);  // A new table has a schema.
}

// What the table's protocol and configuration forbid us.
void Transaction::RequireAllowed() const {
  RequireVouchedFor();
  if (!base_) return;
  RequireWritable(table_path_, base_->protocol(), base_->metadata());
  bool takes_rows_away = std::ranges::any_of(removes_, &RemoveFile::data_change);
  if (takes_rows_away && IsAppendOnly(base_->metadata())) {
    throw base::InputError("table {} is append-only (delta.appendOnly): no rows can be removed from it", table_path_);
  }
}

void Transaction::RequireVouchedFor() const {
  if (rows_are_vouched_for_) return;
  const Metadata& metadata = metadata_ ? *metadata_ : base_->metadata();
  bool has_rows = std::ranges::any_of(adds_, &AddFile::data_change);
  if (has_rows && !ConstraintsOf(metadata).empty()) {
    throw base::InputError("table {} has constraints that its rows were not held against: {}", table_path_,
                           ConstraintsOf(metadata).front().name);
  }
  if (has_rows && !removes_.empty() && changes_.empty() && KeepsChanges(metadata)) {
    throw base::InputError("table {} keeps change data (delta.enableChangeDataFeed), and none was written",
                           table_path_);
  }
}

std::optional<Conflict> Transaction::FindConflictWithBase() const {
  if (!base_) {
    // Version 0 may have been cleaned up behind a checkpoint: then put-if-absent alone would begin a second log.
    LogListing log(storage_, table_path_);
    if (!log.empty()) return Conflict{log.newest(), "the table exists already"};
    return std::nullopt;
  }
  // A base so old that the log's cleanup has reached it: its next version would be a second one of that number.
  if (!storage_.Find(CommitPath(table_path_, base_->version()))) {
    LogListing log(storage_, table_path_);
    if (log.empty()) return Conflict{base_->version(), "the table is gone"};
    if (log.newest() > base_->version() && log.CommitOf(base_->version() + 1) == nullptr) {
      return Conflict{log.newest(), "the log no longer has the versions since ours"};
    }
  }
  if (auto reason = rules_.FindConflictWithBase()) return Conflict{base_->version(), *std::move(reason)};
  return std::nullopt;
}

void Transaction::SyncStagedFiles() {
  std::vector<std::string> paths;
  paths.reserve(adds_.size());
  for (const AddFile& file : adds_) paths.push_back(storage::JoinPath(table_path_, file.path));
  for (const ChangeFile& file : changes_) paths.push_back(storage::JoinPath(table_path_, file.path));
  if (!paths.empty()) storage_.Sync(paths);
}

// Puts the log file at the first version that is free, as long as no version between stands in the way.
CommitOutcome Transaction::PutNextVersion(const base::Clock& clock, const CommitOptions& options) {
  FillInMetadata(NowMs(clock));
  const std::string staged = FormatStaged(NowMs(clock));
  Version version = base_ ? base_->version() + 1 : 0;
  int64_t previous_ms = base_ ? base_->timestamp_ms() : 0;
  while (true) {
    int64_t timestamp_ms = std::max(NowMs(clock), previous_ms + 1);
    std::string bytes = FormatCommitInfo(timestamp_ms, options) + staged;
    base::Seal(bytes, bytes.find(base::kSealPlaceholder));
    if (PutLogFile(version, bytes)) return Committed{version};
    std::string path = CommitPath(table_path_, version);
    std::vector<Action> winner = ParseActions(storage_.Read(path), path);
    if (IsOurs(winner)) return Committed{version};  // A storage that repeats a lost answer says so.
    CountLostRace();
    if (auto reason = rules_.FindConflictWith(winner)) return Conflict{version, *std::move(reason)};
    if (const CommitInfo* info = FindCommitInfo(winner)) previous_ms = std::max(previous_ms, info->timestamp_ms);
    ++version;
  }
}

// False when the version is another's. After an I/O error nobody knows whether the file is there, but the log does.
bool Transaction::PutLogFile(Version version, const std::string& bytes) {
  std::string path = CommitPath(table_path_, version);
  try {
    return storage_.PutIfAbsent(path, bytes);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::kIo) throw;
    auto present = storage_.ReadIfPresent(path);
    if (!present) throw;  // Nothing of ours is visible.
    if (!IsOurs(ParseActions(*std::move(present), path))) return false;
    storage_.Sync(std::span(&path, 1));  // It is ours and visible; the error may have come before it was durable.
    base::LogWarn("a commit succeeded although its storage reported an error",
                  {{"table", table_path_}, {"version", version}, {"error", error.message()}});
    return true;
  }
}

bool Transaction::IsOurs(const std::vector<Action>& actions) const {
  const CommitInfo* info = FindCommitInfo(actions);
  return info != nullptr && info->txn_id == txn_id_;
}

void Transaction::FillInMetadata(int64_t now_ms) {
  if (!metadata_) return;
  if (metadata_->id.empty()) metadata_->id = base_ ? base_->metadata().id : base::NewUuid();
  if (metadata_->created_time_ms == 0) {
    metadata_->created_time_ms = base_ ? base_->metadata().created_time_ms : now_ms;
  }
}

std::string Transaction::FormatStaged(int64_t now_ms) const {
  std::string lines;
  auto append = [&](const auto& action) { lines.append(FormatAction(action)).append("\n"); };
  if (metadata_) {
    Protocol present = base_ ? base_->protocol() : Protocol();
    Protocol needed = RaiseProtocol(present, *metadata_);
    if (!base_ || needed != present) append(needed);
    append(*metadata_);
  }
  for (const SetTransaction& transaction : transactions_) append(transaction);
  for (RemoveFile file : removes_) {
    if (file.deletion_timestamp_ms == 0) file.deletion_timestamp_ms = now_ms;
    append(file);
  }
  for (const AddFile& file : adds_) append(file);
  for (const ChangeFile& file : changes_) append(file);
  return lines;
}

std::string Transaction::FormatCommitInfo(int64_t timestamp_ms, const CommitOptions& options) const {
  base::Json info = {{kSealKey, base::kSealPlaceholder},
                     {"timestamp", timestamp_ms},
                     {"operation", options.operation},
                     {"operationParameters", AsTexts(options.operation_parameters)},
                     {"operationMetrics", AsTexts(options.operation_metrics)},
                     {"engineInfo", kEngine},
                     {"isBlindAppend", rules_.is_blind_append()},
                     {"txnId", txn_id_}};
  if (!options.run_id.empty()) info["qlakeRunId"] = options.run_id;
  return Dump({{"commitInfo", std::move(info)}}) + "\n";
}

void Transaction::WriteCheckpointIfDue(Version version, const base::Clock& clock, const CommitOptions& options) {
  const Metadata& metadata = metadata_ ? *metadata_ : base_->metadata();
  int64_t interval = options.checkpoint_interval.value_or(CheckpointInterval(metadata));
  if (interval <= 0 || version == 0 || version % interval != 0) return;
  base::CrashPoint("delta.before_checkpoint");
  try {
    // What the base knows is not read again, unless others were faster than we.
    auto snapshot = base_ ? base_->Refresh(storage_) : std::nullopt;
    if (!snapshot || snapshot->version() != version) snapshot = Snapshot::Load(storage_, table_path_, version);
    QLAKE_CHECK(snapshot);  // We have just committed it.
    WriteCheckpoint(storage_, *snapshot, NowMs(clock));
    CleanUpLog(storage_, *snapshot, NowMs(clock));
  } catch (const base::Error& error) {
    // The commit stands whatever becomes of its checkpoint, so the caller must not hear of a failure.
    base::LogWarn("a checkpoint could not be written; the next one is tried when it is due",
                  {{"table", table_path_}, {"version", version}, {"error", error.message()}});
  }
}

}  // namespace qlake::delta
