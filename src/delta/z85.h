#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qlake::delta {

// Z85 (ZeroMQ RFC 32), the base 85 of the log: five digits for four bytes. Nothing when the text is not of that form.
std::optional<std::string> DecodeZ85(std::string_view text);

}  // namespace qlake::delta
