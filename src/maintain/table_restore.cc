#include "maintain/table_restore.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/fault.h"
#include "delta/path_encoding.h"
#include "lake/records.h"
#include "lake/same_rows.h"

namespace qlake::maintain {
namespace {

constexpr int64_t kNoProgress = -1;  // As Snapshot::TransactionVersion() says of an application that was never there.

// Of the lease, which only grows, and of whole restores.
bool IsOurOwn(const std::string& app_id) { return app_id == lake::kWriterApp || app_id == lake::kRestoreApp; }

std::map<std::string, std::string> ConstraintsIn(const delta::Snapshot& snapshot) {
  std::map<std::string, std::string> constraints;
  for (const auto& property : snapshot.metadata().configuration) {
    if (property.first.starts_with("delta.constraints.")) constraints.insert(property);
  }
  return constraints;
}

// The table as it is and as it shall be.
class Difference {
 public:
  Difference(lake::Lake& lake, const std::string& table, delta::Version to) : lake_(lake) {
    auto newest = lake.Load(table);
    if (!newest) throw base::InputError("there is no table of that name to restore: {}", table);
    newest_ = *newest;
    if (to > newest->version()) {
      throw base::InputError("table {} has no version {}, the newest is {}", table, to, newest->version());
    }
    target_ = lake.LoadVersion(table, to);
    // Of a compaction since, its files: they hold the same rows.
    source_ = lake::LoadNewestWithRowsOf(lake, table, to);
    plan_.table = table;
    plan_.from = plan_.version = newest->version();
    plan_.to = to;
    RequireSameColumns();
    FindFiles();
    RequireFiles();
    FindProgress();
  }

  TableRestore plan() const {
    TableRestore plan = plan_;
    plan.files_added = static_cast<int64_t>(added_.size());
    plan.files_removed = static_cast<int64_t>(removed_.size());
    return plan;
  }
  bool is_nothing() const { return added_.empty() && removed_.empty() && progress_.empty(); }

  delta::Transaction Stage(storage::Storage& storage) const {
    delta::Transaction transaction(storage, newest_->table_path(), newest_);
    transaction.VouchForRows();  // They were the table's, under the same constraints; whole files tell the changes.
    transaction.ReadTable();     // What comes meanwhile is not what the table was then.
    for (const auto& file : removed_) {
      delta::RemoveFile removed;
      removed.path = file.path;
      removed.partition_values = file.partition_values;
      removed.size_bytes = file.size_bytes;
      removed.deletion_vector = file.deletion_vector;
      transaction.Stage(std::move(removed));
    }
    for (const auto& file : added_) transaction.Stage(file);
    for (const auto& progress : progress_) transaction.Stage(progress);
    return transaction;
  }

 private:
  // Columns are only ever added: files of before read as NULL in those that came later.
  void RequireSameColumns() const {
    if (!target_) return;
    bool is_same_table = target_->metadata().partition_columns == newest_->metadata().partition_columns &&
                         ConstraintsIn(*target_) == ConstraintsIn(*newest_);
    if (is_same_table && target_->metadata().schema_json == newest_->metadata().schema_json) return;
    auto before = delta::FromSchemaJson(target_->metadata().schema_json);
    auto today = delta::FromSchemaJson(newest_->metadata().schema_json);
    for (size_t i = 0; is_same_table && i < before.size(); ++i) {
      is_same_table = i < today.size() && before[i].name == today[i].name && before[i].type == today[i].type;
    }
    if (is_same_table) return;
    throw base::InputError(
        "table {} has other columns, partitions or constraints today than at version {}: read it with "
        "qlake sql --table PATH --as-of {} and write it anew",
        plan_.table, plan_.to, plan_.to);
  }

  void FindFiles() {
    for (const auto& [path, file] : newest_->files()) {
      if (!IsIn(source_, file)) removed_.push_back(file);
    }
    if (!source_) return;
    for (const auto& [path, file] : source_->files()) {
      if (!IsIn(newest_, file)) added_.push_back(file);
    }
  }

  static bool IsIn(const std::optional<delta::Snapshot>& snapshot, const delta::AddFile& file) {
    if (!snapshot) return false;
    auto found = snapshot->files().find(file.path);
    return found != snapshot->files().end() && delta::LogicalFileKey(found->second) == delta::LogicalFileKey(file);
  }

  void RequireFiles() const {
    for (const auto& file : added_) {
      auto entry = lake_.storage().Find(delta::LocateFile(newest_->table_path(), file.path));
      if (entry && entry->bytes == static_cast<uint64_t>(file.size_bytes)) continue;
      throw base::InputError("version {} of {} can no longer be restored, a file of it has been vacuumed: {}", plan_.to,
                             plan_.table, file.path);
    }
  }

  void FindProgress() {
    std::set<std::string> apps;
    for (const auto& [app_id, transaction] : newest_->transactions()) apps.insert(app_id);
    for (const auto& app_id : apps) {
      int64_t version = target_ ? target_->TransactionVersion(app_id) : kNoProgress;
      if (IsOurOwn(app_id) || version == newest_->TransactionVersion(app_id)) continue;
      progress_.push_back({app_id, version, lake_.clock().Now().us / 1000});
    }
  }

  lake::Lake& lake_;
  std::optional<delta::Snapshot> newest_;
  std::optional<delta::Snapshot> target_;  // Its progress and columns,
  std::optional<delta::Snapshot> source_;  // and where its rows stand.
  std::vector<delta::AddFile> added_;
  std::vector<delta::AddFile> removed_;
  std::vector<delta::SetTransaction> progress_;
  TableRestore plan_;
};

}  // namespace

TableRestore PlanTableRestore(lake::Lake& lake, const std::string& table, delta::Version to) {
  return Difference(lake, table, to).plan();
}

TableRestore RestoreTable(lake::Writer& writer, const std::string& table, delta::Version to) {
  Difference difference(writer.lake(), table, to);
  TableRestore restore = difference.plan();
  if (difference.is_nothing()) return restore;
  delta::CommitOptions commit;
  commit.operation = "RESTORE";
  commit.operation_parameters = {{"version", to}};
  commit.operation_metrics = {{"numRestoredFiles", restore.files_added}, {"numRemovedFiles", restore.files_removed}};
  base::CrashPoint("restore.before_table");
  auto outcome = writer.Commit(difference.Stage(writer.lake().storage()), commit);
  if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
    throw base::UnavailableError("another writer was at {} at version {} ({}): run the command again", table,
                                 conflict->version, conflict->reason);
  }
  base::CrashPoint("restore.after_table");
  restore.version = std::get<delta::Committed>(outcome).version;
  return restore;
}

void RequireSameProgress(lake::Lake& lake, const std::string& table, delta::Version to) {
  auto newest = lake.Load(table);
  auto target = lake.LoadVersion(table, to);
  if (!newest || !target) return;
  for (const auto& [app_id, transaction] : newest->transactions()) {
    int64_t then = target->TransactionVersion(app_id);
    if (IsOurOwn(app_id) || then == transaction.version) continue;
    throw base::InputError(
        "table {} cannot be taken back to version {} alone: {} has come from {} to {} in it since, and would not bring "
        "again what went; take the whole lake back to a publication with qlake restore --to TIME, which processes the "
        "files received since again",
        table, to, app_id, then, transaction.version);
  }
}

}  // namespace qlake::maintain
