#include "report/display_width.h"

#include <fmt/format.h>

#include "report/utf8.h"

namespace qlake::report {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr char32_t kJoiner = 0x200D;
constexpr char32_t kEmojiSelector = 0xFE0F;

bool IsSkinTone(char32_t code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

// Adds up characters, of which some join those before them.
class WidthCounter {
 public:
  void Add(char32_t code) {
    size_t width = CodePointWidth(code);
    if (previous_ == kJoiner && width == 2) width = 0;          // The second person of a family.
    if (IsSkinTone(code) && last_width_ == 2) width = 0;        // Colours the hand before it.
    if (code == kEmojiSelector && last_width_ == 1) width = 1;  // Makes a heart of text an emoji, which is wide.
    columns_ += width;
    if (width > 0) last_width_ = code == kEmojiSelector ? 2 : width;
    previous_ = code;
  }
  size_t columns() const { return columns_; }

 private:
  size_t columns_ = 0;
  size_t last_width_ = 0;  // Of the last character that has columns of its own.
  char32_t previous_ = 0;
};

bool IsControl(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Marks that turn the direction of the text after them, and what some terminals take for a line end.
bool MovesOtherText(char32_t code) {
  return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void AppendWrittenOut(std::string& text, char32_t code) {
  switch (code) {
    case '\n':
      text += "\\n";
      return;
    case '\r':
      text += "\\r";
      return;
    case '\t':
      text += "\\t";
      return;
    default:
      text += code < 0x80 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(code))
                          : fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
  }
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  WidthCounter counter;
  while (!text.empty()) {
    Utf8Character next = ReadUtf8(text);
    counter.Add(next.is_valid ? next.code : U'?');
    text.remove_prefix(next.bytes);
  }
  return counter.columns();
}

std::string CutToWidth(std::string_view text, size_t width_max) {
  if (DisplayWidth(text) <= width_max) return std::string(text);
  if (width_max == 0) return "";
  WidthCounter counter;
  size_t end = 0;
  while (true) {
    Utf8Character next = ReadUtf8(text.substr(end));
    counter.Add(next.is_valid ? next.code : U'?');
    if (counter.columns() > width_max - 1) break;
    end += next.bytes;
  }
  return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    Utf8Character next = ReadUtf8(text);
    if (!next.is_valid) {
      printable += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (IsControl(next.code) || MovesOtherText(next.code)) {
      AppendWrittenOut(printable, next.code);
    } else {
      printable.append(text.substr(0, next.bytes));
    }
    text.remove_prefix(next.bytes);
  }
  return printable;
}

}  // namespace qlake::report
