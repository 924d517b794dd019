#include "delta/log_replay.h"

#include "base/error.h"
#include "delta/table_support.h"

namespace qlake::delta {

LogReplay::LogReplay(std::string table_path) { state_.table_path_ = std::move(table_path); }

void LogReplay::Apply(std::vector<Action> actions) {
  for (Action& action : actions) {
    std::visit([this](auto& value) { ApplyOne(std::move(value)); }, action);
  }
}

void LogReplay::ApplyOne(Protocol protocol) {
  state_.protocol_ = std::move(protocol);
  has_protocol_ = true;
}

void LogReplay::ApplyOne(Metadata metadata) {
  state_.metadata_ = std::move(metadata);
  has_metadata_ = true;
}

void LogReplay::ApplyOne(SetTransaction transaction) {
  std::string app_id = transaction.app_id;
  state_.transactions_.insert_or_assign(std::move(app_id), std::move(transaction));
}

// Whether a version changed data is a fact of that version, and checkpoints do not keep it: the state's files are all
// as new ones are.

void LogReplay::ApplyOne(RemoveFile file) {
  // Of a file whose deletion vector has changed, the removal of the old logical file may come after the new one's add.
  std::string key = LogicalFileKey(file);
  auto live = state_.files_.find(file.path);
  if (live != state_.files_.end() && LogicalFileKey(live->second) == key) state_.files_.erase(live);
  file.data_change = true;
  state_.tombstones_.insert_or_assign(std::move(key), std::move(file));
}

void LogReplay::ApplyOne(AddFile file) {
  state_.tombstones_.erase(LogicalFileKey(file));
  file.data_change = true;
  std::string path = file.path;
  state_.files_.insert_or_assign(std::move(path), std::move(file));
}

Snapshot LogReplay::Finish(Version version, int64_t timestamp_ms) && {
  if (!has_protocol_ || !has_metadata_) {
    throw base::CorruptError("the log of table {} has no {} up to version {}", state_.table_path_,
                             has_protocol_ ? "metaData" : "protocol", version);
  }
  RequireReadable(state_.table_path_, state_.protocol_, state_.metadata_);
  state_.version_ = version;
  state_.timestamp_ms_ = timestamp_ms;
  return std::move(state_);
}

}  // namespace qlake::delta
