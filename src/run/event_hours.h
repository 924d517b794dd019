#pragma once

#include <optional>

#include "base/clock.h"
#include "delta/snapshot.h"

namespace qlake::run {

// The newest hour of any row of a table of events, by its partitions; nothing: no row has one.
std::optional<base::Hour> NewestEventHour(const delta::Snapshot& events);

}  // namespace qlake::run
