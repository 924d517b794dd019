#pragma once

#include <cstddef>
#include <string_view>

namespace qlake::report {

// One character off the front of a text: its code point and how many bytes it takes. A byte that does not begin valid
// UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF) is one byte with is_valid = false. REQUIRES: not
// empty.
struct Utf8Character {
  char32_t code = 0;
  size_t bytes = 1;
  bool is_valid = false;
};
Utf8Character ReadUtf8(std::string_view text);

}  // namespace qlake::report
