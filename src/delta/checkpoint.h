#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "storage/storage.h"

namespace arrow {
class Table;
}

// Checkpoints: the state of a table at one version as Parquet rows, one action each, in the columns txn, add, remove,
// metaData and protocol, of which exactly one is not NULL (PROTOCOL.md, "Checkpoint Schema").
namespace qlake::delta {

// The actions of one checkpoint file. `name` stands in errors: Error{kCorrupt} when the table is no checkpoint.
std::vector<Action> ReadCheckpoint(const arrow::Table& table, const std::string& name);

// Statistics as JSON text; of tombstones and transactions only those that the table still keeps at `now_ms`
// (delta/retention.h).
std::shared_ptr<arrow::Table> BuildCheckpoint(const Snapshot& snapshot, int64_t now_ms);

// Writes the snapshot's checkpoint, then the hint `_last_checkpoint`, each in one piece.
void WriteCheckpoint(storage::Storage& storage, const Snapshot& snapshot, int64_t now_ms);

}  // namespace qlake::delta
