#pragma once

#include <map>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::delta {

std::string LogFolder(const std::string& table_path);
std::string CommitPath(const std::string& table_path, Version version);      // .../00000000000000000042.json
std::string CheckpointPath(const std::string& table_path, Version version);  // ...00042.checkpoint.parquet
std::string LastCheckpointPath(const std::string& table_path);
std::string SidecarPath(const std::string& table_path, const std::string& name);

// The files that a version of a table adds up from: a checkpoint, when there is one, and every commit after it.
struct LogSegment {
  Version checkpoint_version = kNoVersion;
  std::vector<storage::Entry> checkpoint_parts;  // In order; empty when the commits begin at version 0.
  std::vector<storage::Entry> commits;           // Of checkpoint_version + 1 and on, without a gap.
};

// What one List of `_delta_log` shows: commits and complete checkpoints (classic, in parts, named by a UUID; where a
// version has several, they say the same, and the first kind of these three is taken). Files of other names
// (checksums, compacted commits, temporary files) do not count. `_last_checkpoint` is not asked: it is a hint that may
// be wrong, and the list tells the truth in the same one call.
class LogListing {
 public:
  LogListing(const storage::Storage& storage, std::string table_path);

  bool empty() const { return commits_.empty() && checkpoints_.empty(); }
  Version newest() const;  // REQUIRES: not empty.
  Version oldest() const;  // The oldest version that can still be loaded. REQUIRES: not empty.

  // The newest checkpoint at or below the version, and the commits from there up to it. Throws Error{kInput} when the
  // version is not, or no longer, in the log; Error{kCorrupt} naming the version that is missing in between.
  LogSegment SegmentOf(Version version) const;

  // The newest version that was committed by then, and before which none was committed later; kNoVersion: none.
  Version NewestCommittedBy(base::Timestamp time) const;
  // The newest version at or below this one that has a checkpoint; kNoVersion: none.
  Version NewestCheckpointUpTo(Version version) const;

  // The commit that made the version; nullptr when it has been cleaned up.
  const storage::Entry* CommitOf(Version version) const;
  // REQUIRES: CommitOf is nullptr. Throws Error{kCorrupt} when there is no checkpoint either.
  const storage::Entry& CheckpointOf(Version version) const;

 private:
  [[noreturn]] void FailFor(Version missing, Version asked_for) const;

  std::string table_path_;
  std::map<Version, storage::Entry> commits_;
  std::map<Version, std::vector<storage::Entry>> checkpoints_;
};

}  // namespace qlake::delta
