#pragma once

#include <optional>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::delta {

// The actions' commitInfo, when there is one.
const CommitInfo* FindCommitInfo(const std::vector<Action>& actions);

// When a version was committed: as its commitInfo says, else when its file was last written.
int64_t CommitTimeMs(const std::vector<Action>& actions, const storage::Entry& file);

}  // namespace qlake::delta
