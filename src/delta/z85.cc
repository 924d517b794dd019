#include "delta/z85.h"

#include <cstdint>
#include <limits>

namespace qlake::delta {
namespace {

constexpr std::string_view kDigits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr size_t kDigitsPerGroup = 5;

}  // namespace

std::optional<std::string> DecodeZ85(std::string_view text) {
  if (text.size() % kDigitsPerGroup != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / kDigitsPerGroup * 4);
  for (size_t start = 0; start < text.size(); start += kDigitsPerGroup) {
    uint64_t group = 0;
    for (char c : text.substr(start, kDigitsPerGroup)) {
      size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group * kDigits.size() + digit;
    }
    if (group > std::numeric_limits<uint32_t>::max()) return std::nullopt;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(group >> shift));
  }
  return bytes;
}

}  // namespace qlake::delta
