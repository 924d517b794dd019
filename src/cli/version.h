#pragma once

namespace qlake::cli {

inline constexpr const char* kVersion = "0.1.0";
inline constexpr const char* kReleased = "2026-11-22";  // For the manual's pages.

}  // namespace qlake::cli
