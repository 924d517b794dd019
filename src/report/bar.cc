#include "report/bar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace qlake::report {

std::string DrawBar(double fraction, size_t width) {
  constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(fraction > 0)) return "";
  double exact = std::min(fraction, 1.0) * static_cast<double>(width) * 8;
  auto eighths = std::max<size_t>(1, static_cast<size_t>(std::llround(exact)));
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar.append(kEighths[eighths % 8]);
}

double DrawnValue(std::string_view cell) {
  double value = 0;
  auto [end, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  bool is_number = failure == std::errc() && end == cell.data() + cell.size() && std::isfinite(value);
  return is_number ? value : 0;
}

}  // namespace qlake::report
