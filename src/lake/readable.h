#pragma once

#include "delta/snapshot.h"
#include "storage/storage.h"

namespace qlake::lake {

// Whether every file of the version is still there: a version that nobody wants any more stands in the log for longer
// than its files, which a vacuum removes.
bool IsReadable(const storage::Storage& storage, const delta::Snapshot& snapshot);

}  // namespace qlake::lake
