#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qlake::rows {

// Why the bytes are no text: "is not UTF-8 at byte 17", "has a NUL at byte 3" (1-based). Empty: they are text.
std::string WhyNotText(std::string_view bytes);

// Tells which records of a file are text. Looks at a window of many records at once, because files are clean as a
// rule, and at single records only where a window is not.
class TextCheck {
 public:
  explicit TextCheck(std::string_view file) : file_(file) {}

  // True: [begin, end) is known to be text. False: ask WhyNotText of it. REQUIRES: begin is not before an earlier
  // call's.
  bool Covers(size_t begin, size_t end) {
    while (window_end_ < end) LookAhead();
    return begin >= clean_since_;
  }

  // What stands before is not asked for any more. REQUIRES: a line starts at the position.
  void Seek(size_t position) {
    if (position <= window_end_) return;
    window_end_ = position;
    clean_since_ = position;
  }

 private:
  void LookAhead();

  std::string_view file_;
  size_t window_end_ = 0;   // How far the file has been looked at; always after a line feed or at the file's end.
  size_t clean_since_ = 0;  // [clean_since_, window_end_) is text.
};

}  // namespace qlake::rows
