#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace qlake::events {

// A JSON number as an integer of `scale` digits after the point: 12.5 at scale 2 is 1250, 1e2 at scale 0 is 100. Exact:
// nothing when it has more digits after the point than that, other than zeros, or does not fit 64 bits.
// REQUIRES: rows::IsJsonScalar(text), and it is a number.
std::optional<int64_t> ParseJsonDecimal(std::string_view text, int scale);

}  // namespace qlake::events
