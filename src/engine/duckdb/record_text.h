#pragma once

#include <string>
#include <string_view>

namespace qlake::engine {

// Any bytes as text: bytes that are no UTF-8, and NUL, as \xNN; all others as they are. `buffer` may hold the answer.
std::string_view EscapeRecord(std::string_view record, std::string& buffer);

}  // namespace qlake::engine
