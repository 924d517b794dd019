#pragma once

#include <optional>
#include <string>

#include "lake/lake.h"

namespace qlake::lake {

// The newest version of the table that holds the rows of `version`: after it came nothing but commits that move rows
// between files (dataChange=false). So readers of a publication are better off by a compaction at once. Nothing when
// the table has no such version (-1).
std::optional<delta::Snapshot> LoadNewestWithRowsOf(Lake& lake, const std::string& table, delta::Version version);

}  // namespace qlake::lake
