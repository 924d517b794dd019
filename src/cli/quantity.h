#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Sizes and durations as people write them, read strictly: a whole number and a unit, nothing else.
namespace qlake::cli {

// 512MB, 1GiB: B, KB, MB, GB, TB (thousands), KiB, MiB, GiB, TiB (1024). Nothing for anything else or beyond 2^63.
std::optional<uint64_t> ParseSize(std::string_view text);

// 500ms, 30s, 5m, 2h, 1d. Nothing for anything else or beyond a thousand years.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// 5, -3: digits with a sign at most. Nothing for anything else or beyond 64 bits.
std::optional<int64_t> ParseInteger(std::string_view text);

// For people: 999 B, 1.5 KB, 23.4 MB; 1,234,567; 0.3 s, 12 s, 3 min 5 s.
std::string FormatBytes(uint64_t bytes);
std::string FormatCount(int64_t count);
std::string FormatSeconds(double seconds);

}  // namespace qlake::cli
