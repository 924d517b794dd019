#include "delta/commit_time.h"

namespace qlake::delta {

const CommitInfo* FindCommitInfo(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (const auto* info = std::get_if<CommitInfo>(&action)) return info;
  }
  return nullptr;
}

int64_t CommitTimeMs(const std::vector<Action>& actions, const storage::Entry& file) {
  const CommitInfo* info = FindCommitInfo(actions);
  if (info != nullptr && info->timestamp_ms != 0) return info->timestamp_ms;
  return file.modified.us / 1000;
}

}  // namespace qlake::delta
