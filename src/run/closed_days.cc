#include "run/closed_days.h"

#include <algorithm>

namespace qlake::run {

std::set<base::Date> ClosedDays(const std::vector<lake::LedgerEntry>& ledger, base::Timestamp now) {
  std::set<base::Date> days;
  for (const auto& entry : ledger) days.insert(base::DateOf(entry.hour));
  base::Date today = base::DateOf(base::HourOf(now));
  if (!days.empty()) days.erase(days.lower_bound(std::max(today, *days.rbegin())), days.end());
  return days;
}

}  // namespace qlake::run
