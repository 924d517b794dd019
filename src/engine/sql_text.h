#pragma once

#include <string>
#include <string_view>

namespace qlake::engine {

// Text as a SQL literal or identifier of both engines.
std::string QuoteLiteral(std::string_view text);
std::string QuoteName(std::string_view name);

}  // namespace qlake::engine
