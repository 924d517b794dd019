#pragma once

#include <string>
#include <vector>

#include "delta/snapshot.h"

namespace qlake::delta {

// Adds up actions, oldest first, to a table's state (PROTOCOL.md, "Action Reconciliation"). One replay makes one
// snapshot.
class LogReplay {
 public:
  explicit LogReplay(std::string table_path);
  explicit LogReplay(const Snapshot& base);  // Goes on from there.

  // The actions of a checkpoint or of one version, after all that came before.
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

  Snapshot::State state_;
  bool has_protocol_ = false;
  bool has_metadata_ = false;
};

}  // namespace qlake::delta
