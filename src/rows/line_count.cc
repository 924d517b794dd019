#include "rows/line_count.h"

#include <algorithm>

namespace qlake::rows {

int64_t CountLineFeeds(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

int64_t CountFilledLines(std::string_view text) {
  int64_t filled = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!line.empty() && line != "\r") ++filled;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return filled;
}

}  // namespace qlake::rows
