#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "delta/actions.h"

namespace qlake::delta {

// A duration of a table's configuration in milliseconds: "interval 7 days", "interval 1 week 12 hours". Nothing when it
// is of another form.
std::optional<int64_t> ParseIntervalMs(std::string_view text);

// How long the table keeps the tombstones of removed files: delta.deletedFileRetentionDuration, 7 days when it is
// absent or not understood.
int64_t TombstoneRetentionMs(const Metadata& metadata);

// How long the log keeps commits and checkpoints that a later checkpoint makes dispensable: delta.logRetentionDuration,
// 30 days when it is absent or not understood.
int64_t LogRetentionMs(const Metadata& metadata);

// How long the table remembers the progress of an application that writes no more:
// delta.setTransactionRetentionDuration. Nothing: for ever.
std::optional<int64_t> TransactionRetentionMs(const Metadata& metadata);

}  // namespace qlake::delta
