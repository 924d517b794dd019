#pragma once

#include <string_view>

namespace qlake::rows {

// Whether the text is a number, true, false or null as RFC 8259 writes them. Numbers are not converted: one with forty
// digits is one like others.
bool IsJsonScalar(std::string_view text);

// Without the blanks of JSON at its end, which simdjson leaves behind a token.
std::string_view TrimJsonBlanks(std::string_view text);

}  // namespace qlake::rows
