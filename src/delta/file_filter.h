#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "delta/snapshot.h"

namespace qlake::delta {

// Whether a file may hold rows of those that are asked for. It may say yes too often, never no.
using FileFilter = std::function<bool(const AddFile&)>;

// The files of a partition: of these values in the columns that are named, whatever the others hold.
FileFilter FilesOfPartition(PartitionValues values);

// The values of one column between two bounds, both included; nothing stands for no bound. A bound is written as a
// partition value is (PROTOCOL.md, "Partition Value Serialization"). NULL lies in no range.
struct ColumnRange {
  std::string column;
  std::optional<std::string> min;
  std::optional<std::string> max;
};
// The files that may hold a row within all of the ranges, as their partition values and statistics tell. Columns of
// other types than integers, decimals, dates and strings leave no file out. Throws Error{kInput} when the table has no
// such column, or a bound is no value of its type.
FileFilter FilesWithin(const Snapshot& table, const std::vector<ColumnRange>& ranges);

}  // namespace qlake::delta
