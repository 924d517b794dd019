#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "delta/actions.h"
#include "lake/lake.h"

namespace qlake::maintain {

// Which versions of a table count beside those that were the newest at some time.
struct WantedVersions {
  std::set<delta::Version> exactly;
  std::optional<delta::Version> from;  // This one and all after it.
};

// The paths, as the log has them, of every file of the table that is live in a version that was the newest at `since`
// or later, or is wanted. What the log no longer tells, because its commits were cleaned up, nobody can
// read: the oldest version that can be loaded counts from then on. REQUIRES: the table exists.
std::set<std::string> FindKeptFiles(lake::Lake& lake, const std::string& table, base::Timestamp since,
                                    const WantedVersions& wanted);

}  // namespace qlake::maintain
