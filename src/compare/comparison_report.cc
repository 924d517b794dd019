#include "compare/comparison_report.h"

#include <algorithm>

namespace qlake::compare {

int64_t ComparisonReport::differing() const {
  return std::ranges::count_if(compared, [](const Compared& one) { return !one.differences.empty(); });
}

}  // namespace qlake::compare
