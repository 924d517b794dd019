#include "delta/log_replay.h"

#include "base/error.h"
#include "delta/table_support.h"

namespace qlake::delta {

LogReplay::LogReplay(std::string table_path) { state_.table_path = std::move(table_path); }

LogReplay::LogReplay(const Snapshot& base) : state_(*base.state_), has_protocol_(true), has_metadata_(true) {}

void LogReplay::Apply(CheckpointContent content) {
  state_.files.PutAll(std::move(content.files));
  Apply(std::move(content.others));
}

void LogReplay::Apply(std::vector<Action> actions) {
  for (Action& action : actions) {
    std::visit([this](auto& value) { ApplyOne(std::move(value)); }, action);
  }
  state_.files.Settle();
}

std::map<std::string, RemoveFile>& LogReplay::Tombstones() {
  if (!changed_tombstones_) {
    changed_tombstones_ = std::make_shared<std::map<std::string, RemoveFile>>(*state_.tombstones);
    state_.tombstones = changed_tombstones_;
  }
  return *changed_tombstones_;
}

void LogReplay::ApplyOne(Protocol protocol) {
  state_.protocol = std::move(protocol);
  has_protocol_ = true;
}

void LogReplay::ApplyOne(Metadata metadata) {
  state_.metadata = std::move(metadata);
  has_metadata_ = true;
}

void LogReplay::ApplyOne(SetTransaction transaction) {
  std::string app_id = transaction.app_id;
  state_.transactions.insert_or_assign(std::move(app_id), std::move(transaction));
}

// Whether a version changed data is a fact of that version, and checkpoints do not keep it: the state's files are all
// as new ones are.

void LogReplay::ApplyOne(RemoveFile file) {
  // Of a file whose deletion vector has changed, the removal of the old logical file may come after the new one's add.
  std::string key = LogicalFileKey(file);
  auto live = state_.files.find(file.path);
  if (live != state_.files.end() && LogicalFileKey(live->second) == key) state_.files.Remove(file.path);
  file.data_change = true;
  Tombstones().insert_or_assign(std::move(key), std::move(file));
}

void LogReplay::ApplyOne(AddFile file) {
  std::string key = LogicalFileKey(file);
  if (state_.tombstones->contains(key)) Tombstones().erase(key);
  file.data_change = true;
  state_.files.Put(std::move(file));
}

Snapshot LogReplay::Finish(Version version, int64_t timestamp_ms, const storage::Entry* commit) && {
  if (!has_protocol_ || !has_metadata_) {
    throw base::CorruptError("the log of table {} has no {} up to version {}", state_.table_path,
                             has_protocol_ ? "metaData" : "protocol", version);
  }
  RequireReadable(state_.table_path, state_.protocol, state_.metadata);
  state_.version = version;
  state_.timestamp_ms = timestamp_ms;
  state_.commit = commit == nullptr ? std::nullopt : std::optional(*commit);
  return Snapshot(std::move(state_));
}

}  // namespace qlake::delta
