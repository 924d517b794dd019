#pragma once

#include <string>
#include <string_view>

namespace qlake::base {

// SHA-256 of the bytes as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// A random UUID (version 4) in its text form, from the system's random numbers.
std::string NewUuid();

}  // namespace qlake::base
