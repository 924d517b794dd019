#pragma once

#include "base/clock.h"
#include "delta/actions.h"

namespace qlake::maintain {

// Whether rows are still expected to come to the partition of the file: it is of a date that is not over at `now`, or,
// where a column that ends in "hour" is among the partition columns, of an hour of today that is not. A table without
// partitions by date has no open ones.
bool IsOpenPartition(const delta::Metadata& metadata, const delta::PartitionValues& values, base::Timestamp now);

}  // namespace qlake::maintain
