#include "report/utf8.h"

#include "base/error.h"

namespace qlake::report {
namespace {

size_t BytesByFirst(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

bool IsShortestForm(char32_t code, size_t bytes) {
  constexpr char32_t kFirstOfLength[] = {0, 0, 0x80, 0x800, 0x10000};
  return code >= kFirstOfLength[bytes];
}

}  // namespace

Utf8Character ReadUtf8(std::string_view text) {
  QLAKE_CHECK(!text.empty());
  auto byte_at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t bytes = BytesByFirst(byte_at(0));
  if (bytes == 0 || bytes > text.size()) return {};
  char32_t code = bytes == 1 ? byte_at(0) : byte_at(0) & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte_at(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte_at(i) & 0x3F);
  }
  bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (!IsShortestForm(code, bytes) || is_surrogate || code > 0x10FFFF) return {};
  return {code, bytes, true};
}

}  // namespace qlake::report
