#pragma once

#include <string>
#include <vector>

#include "delta/checkpoint.h"
#include "delta/snapshot.h"

namespace qlake::delta {

// Adds up actions, oldest first, to a table's state (PROTOCOL.md, "Action Reconciliation"). One replay makes one
// snapshot.
class LogReplay {
 public:
  explicit LogReplay(std::string table_path);
  explicit LogReplay(const Snapshot& base);  // Goes on from there.

  // A file of a checkpoint, or the actions of one version, after all that came before.
  void Apply(CheckpointContent content);
  void Apply(std::vector<Action> actions);

  // The state so far, as this version. Throws Error{kCorrupt} when no protocol or metadata has been seen, and
  // Error{kInput} when the table needs what we lack.
  // `commit`: the version's log file, when there still is one.
  Snapshot Finish(Version version, int64_t timestamp_ms, const storage::Entry* commit) &&;

 private:
  void ApplyOne(CommitInfo) {}
  void ApplyOne(Sidecar) {}
  void ApplyOne(Protocol protocol);
  void ApplyOne(Metadata metadata);
  void ApplyOne(SetTransaction transaction);
  void ApplyOne(RemoveFile file);
  void ApplyOne(AddFile file);

  std::map<std::string, RemoveFile>& Tombstones();  // To change them.

  Snapshot::State state_;
  std::shared_ptr<std::map<std::string, RemoveFile>> changed_tombstones_;  // The state's, once they are its own.
  bool has_protocol_ = false;
  bool has_metadata_ = false;
};

}  // namespace qlake::delta
