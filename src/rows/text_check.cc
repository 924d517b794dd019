#include "rows/text_check.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace qlake::rows {
namespace {

// Small enough to be still in the processor's cache when its records are read.
constexpr size_t kWindowBytes = 128 * 1024;

bool IsText(std::string_view bytes) {
  return std::memchr(bytes.data(), '\0', bytes.size()) == nullptr &&
         simdjson::validate_utf8(bytes.data(), bytes.size());
}

// As a lead byte says; the bytes themselves may break the promise.
size_t CharacterLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

size_t FirstByteThatIsNoUtf8(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view character = bytes.substr(at, CharacterLength(static_cast<unsigned char>(bytes[at])));
    if (!simdjson::validate_utf8(character.data(), character.size())) return at;
    at += character.size();
  }
  return at;
}

}  // namespace

std::string WhyNotText(std::string_view bytes) {
  if (bytes.empty() || IsText(bytes)) return "";
  if (const size_t nul = bytes.find('\0'); nul != std::string_view::npos) {
    return fmt::format("has a NUL at byte {}", nul + 1);
  }
  return fmt::format("is not UTF-8 at byte {}", FirstByteThatIsNoUtf8(bytes) + 1);
}

void TextCheck::LookAhead() {
  const size_t from = window_end_;
  const size_t line_feed = file_.find('\n', std::min(from + kWindowBytes, file_.size()));
  // A line feed is one byte in UTF-8, so a window that ends after one cuts no character.
  window_end_ = line_feed == std::string_view::npos ? file_.size() : line_feed + 1;
  if (!IsText(file_.substr(from, window_end_ - from))) clean_since_ = window_end_;
}

}  // namespace qlake::rows
