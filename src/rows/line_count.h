#pragma once

#include <cstdint>
#include <string_view>

namespace qlake::rows {

int64_t CountLineFeeds(std::string_view text);

// Lines that have more than a line end. The text starts at a line's start; its last line may lack its line end.
int64_t CountFilledLines(std::string_view text);

}  // namespace qlake::rows
