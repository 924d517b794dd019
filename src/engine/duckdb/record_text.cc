#include "engine/duckdb/record_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace qlake::engine {
namespace {

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// How many bytes the character at the start of the text takes; 0 when it is none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF) or is NUL. REQUIRES: the text is not empty.
size_t CharacterBytes(std::string_view text) {
  auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = at(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if (!IsContinuation(at(i))) return 0;
  }
  bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  bool surrogate = first == 0xED && at(1) >= 0xA0;
  bool above_last = first == 0xF4 && at(1) >= 0x90;
  return overlong || surrogate || above_last ? 0 : bytes;
}

// The position of the first byte that begins no character; the text's size when there is none.
size_t FindFlaw(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t bytes = CharacterBytes(text.substr(at));
    if (bytes == 0) return at;
    at += bytes;
  }
  return at;
}

}  // namespace

std::string_view EscapeRecord(std::string_view record, std::string& buffer) {
  size_t flaw = FindFlaw(record);
  if (flaw == record.size()) return record;
  buffer.clear();
  while (true) {
    buffer.append(record.substr(0, flaw));
    if (flaw == record.size()) return buffer;
    fmt::format_to(std::back_inserter(buffer), "\\x{:02X}", static_cast<unsigned char>(record[flaw]));
    record.remove_prefix(flaw + 1);
    flaw = FindFlaw(record);
  }
}

}  // namespace qlake::engine
