#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qlake::base {

// A seal is a SHA-256 that stands within the bytes that it is of: 64 hexadecimal digits, counted as zeros. A file that
// carries one tells whether it is as it was written.
inline constexpr size_t kSealDigits = 64;
inline const std::string kSealPlaceholder(kSealDigits, '0');

// Puts the seal in place of the placeholder at `position`.
void Seal(std::string& bytes, size_t position);

// Whether the bytes at `position` are the seal of all of them.
bool IsSealIntact(std::string_view bytes, size_t position);

}  // namespace qlake::base
