#pragma once

#include <span>
#include <vector>

#include "lake/key_entry.h"
#include "lake/key_run.h"

namespace qlake::lake {

// Writes the entries of all runs, and those in memory, to one run in order. Holds a block of each run in memory, never
// a run. False when a run proves damaged: what was written is then worth nothing. REQUIRES: `entries` are sorted.
[[nodiscard]] bool MergeRuns(const storage::Storage& storage, std::span<const KeyRun> runs,
                             std::span<const KeyEntry> entries, KeyRunWriter& writer);

}  // namespace qlake::lake
