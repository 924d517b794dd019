#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qlake::base {

// The candidate that a mistyped name most likely means: the one with the fewest letters added, dropped, changed or
// swapped with a neighbour, when they are few for its length.
std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates);

// ": did you mean lake?", or ": known are a, b, c" when nothing is near.
std::string SuggestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace qlake::base
