#include "base/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace qlake::base {
namespace {

// Optimal string alignment distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> steps(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        steps[i][j] = i + j;
        continue;
      }
      size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
    }
  }
  return steps[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::optional<std::string> nearest;
  size_t nearest_distance = 0;
  for (const auto& candidate : candidates) {
    size_t distance = Distance(name, candidate);
    size_t distance_max = std::max<size_t>(1, candidate.size() / 3);
    if (distance > distance_max || (nearest && distance >= nearest_distance)) continue;
    nearest = candidate;
    nearest_distance = distance;
  }
  return nearest;
}

std::string SuggestName(std::string_view name, const std::vector<std::string>& candidates) {
  if (auto nearest = NearestName(name, candidates)) return fmt::format(": did you mean {}?", *nearest);
  return fmt::format(": known are {}", fmt::join(candidates, ", "));
}

}  // namespace qlake::base
