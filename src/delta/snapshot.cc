#include "delta/snapshot.h"

#include "base/error.h"
#include "delta/action_json.h"
#include "delta/checkpoint.h"
#include "delta/commit_time.h"
#include "delta/log_listing.h"
#include "delta/log_replay.h"

namespace qlake::delta {
namespace {

std::vector<Action> ReadCommit(const storage::Storage& storage, const storage::Entry& file) {
  return ParseActions(storage.Read(file.path), file.path);
}

int64_t ReadCommitTimeMs(const storage::Storage& storage, const LogListing& log, Version version) {
  if (const storage::Entry* commit = log.CommitOf(version)) return CommitTimeMs(ReadCommit(storage, *commit), *commit);
  // Its commit has been cleaned up; the checkpoint was written right after it.
  return CommitTimeMs({}, log.CheckpointOf(version));
}

CheckpointContent ReadCheckpointFile(const storage::Storage& storage, const std::string& path) {
  if (path.ends_with(".json")) return {.others = ParseActions(storage.Read(path), path)};
  return DecodeCheckpoint(storage.Read(path), path);
}

// A checkpoint of the second kind keeps its file actions in sidecars (PROTOCOL.md, "V2 Spec").
void ReplayCheckpoint(const storage::Storage& storage, const std::string& table_path, const LogSegment& segment,
                      LogReplay& replay) {
  std::vector<std::string> sidecars;
  for (const storage::Entry& part : segment.checkpoint_parts) {
    CheckpointContent content = ReadCheckpointFile(storage, part.path);
    for (const Action& action : content.others) {
      if (const auto* sidecar = std::get_if<Sidecar>(&action)) sidecars.push_back(sidecar->name);
    }
    replay.Apply(std::move(content));
  }
  for (const std::string& name : sidecars) {
    std::string path = SidecarPath(table_path, name);
    replay.Apply(DecodeCheckpoint(storage.Read(path), path));
  }
}

// Ends a replay with the last commits up to the version.
Snapshot ReplayCommits(const storage::Storage& storage, const LogListing& log, LogReplay replay,
                       const std::vector<storage::Entry>& commits, Version version) {
  const storage::Entry* last = log.CommitOf(version);
  if (commits.empty()) return std::move(replay).Finish(version, ReadCommitTimeMs(storage, log, version), last);
  int64_t timestamp_ms = 0;
  for (const storage::Entry& commit : commits) {
    std::vector<Action> actions = ReadCommit(storage, commit);
    timestamp_ms = CommitTimeMs(actions, commit);
    replay.Apply(std::move(actions));
  }
  return std::move(replay).Finish(version, timestamp_ms, last);
}

Snapshot LoadVersion(const storage::Storage& storage, const std::string& table_path, const LogListing& log,
                     Version version) {
  LogSegment segment = log.SegmentOf(version);
  LogReplay replay(table_path);
  ReplayCheckpoint(storage, table_path, segment, replay);
  return ReplayCommits(storage, log, std::move(replay), segment.commits, version);
}

}  // namespace

std::optional<Snapshot> Snapshot::Load(const storage::Storage& storage, const std::string& table_path,
                                       std::optional<Version> version) {
  LogListing log(storage, table_path);
  if (log.empty()) return std::nullopt;
  return LoadVersion(storage, table_path, log, version.value_or(log.newest()));
}

std::optional<Snapshot> Snapshot::LoadAsOf(const storage::Storage& storage, const std::string& table_path,
                                           base::Timestamp time) {
  LogListing log(storage, table_path);
  if (log.empty()) return std::nullopt;
  // From the newest down, because other writers' clocks may step back between versions.
  for (Version version = log.newest(); version >= log.oldest(); --version) {
    if (ReadCommitTimeMs(storage, log, version) <= time.us / 1000) {
      return LoadVersion(storage, table_path, log, version);
    }
  }
  if (log.oldest() == 0) return std::nullopt;
  throw base::InputError("table {} at {} is no longer in its log; the oldest version is {}", table_path,
                         base::FormatTimestamp(time), log.oldest());
}

std::optional<Snapshot> Snapshot::Refresh(const storage::Storage& storage) const {
  auto commit = storage.Find(CommitPath(table_path(), version()));
  bool is_same_table = commit && state_->commit && commit->bytes == state_->commit->bytes &&
                       commit->modified == state_->commit->modified;
  if (!is_same_table) return Load(storage, table_path());
  // Commits since are asked for by name: whoever commits every second need not list a log of a hundred thousand each
  // time. Logs are cleaned up from the oldest version on, so that none is missing while ours is there.
  std::optional<LogReplay> replay;
  Version newest = version();
  int64_t timestamp_ms = 0;
  while (auto newer = storage.Find(CommitPath(table_path(), newest + 1))) {
    std::vector<Action> actions = ReadCommit(storage, *newer);
    if (!replay) replay.emplace(*this);
    timestamp_ms = CommitTimeMs(actions, *newer);
    replay->Apply(std::move(actions));
    commit = std::move(newer);
    ++newest;
  }
  if (!replay) return *this;
  return std::move(*replay).Finish(newest, timestamp_ms, &*commit);
}

int64_t Snapshot::TransactionVersion(const std::string& app_id) const {
  auto found = transactions().find(app_id);
  return found == transactions().end() ? -1 : found->second.version;
}

}  // namespace qlake::delta
