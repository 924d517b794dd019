#pragma once

#include <set>
#include <vector>

#include "base/clock.h"
#include "lake/records.h"

namespace qlake::run {

// Days with data hours that are over, by the data or by the clock. That may be wrong; a day that is dumped too early is
// dumped again when more of it has come.
std::set<base::Date> ClosedDays(const std::vector<lake::LedgerEntry>& ledger, base::Timestamp now);

}  // namespace qlake::run
