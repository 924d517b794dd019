#pragma once

#include <cstdint>

#include "delta/snapshot.h"
#include "storage/storage.h"

namespace qlake::delta {

// Removes what the log keeps no longer (PROTOCOL.md, "Metadata Cleanup"): with L the newest version older than
// LogRetentionMs() at `now_ms`, counted from midnight UTC, and C the newest checkpoint at or below L, everything in
// `_delta_log` that belongs to a version below C. Versions from C on load as before; C itself keeps its commit. Does
// nothing when the table does not want it (delta.enableExpiredLogCleanup). Ages are those of the files: in a lake that
// was copied without its times they count from then on. A crash leaves some of it removed, oldest first.
// REQUIRES: the table has no checkpoints with sidecars. Returns how many files went.
int64_t CleanUpLog(storage::Storage& storage, const Snapshot& snapshot, int64_t now_ms);

}  // namespace qlake::delta
