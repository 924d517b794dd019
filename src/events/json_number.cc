#include "events/json_number.h"

namespace qlake::events {
namespace {

constexpr int64_t kExponentMost = 1'000'000;  // Beyond it only zero fits, whatever the exponent.

// The digits behind the `e`, with their sign.
int64_t ReadExponent(std::string_view text) {
  bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t exponent = 0;
  for (char digit : text) {
    if (exponent < kExponentMost) exponent = exponent * 10 + (digit - '0');
  }
  return is_negative ? -exponent : exponent;
}

}  // namespace

std::optional<int64_t> ParseJsonDecimal(std::string_view text, int scale) {
  bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  int64_t exponent = 0;
  if (size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    exponent = ReadExponent(text.substr(e + 1));
    text = text.substr(0, e);
  }
  size_t point = text.find('.');
  int64_t digits_after_point = point == std::string_view::npos ? 0 : static_cast<int64_t>(text.size() - point - 1);
  // The value is all digits x 10^shift at the wanted scale.
  int64_t shift = scale + exponent - digits_after_point;
  // Zeros at the end are not digits that have to fit.
  size_t end = text.size();
  while (shift < 0 && end > 0 && (text[end - 1] == '0' || text[end - 1] == '.')) {
    if (text[end - 1] == '0') ++shift;
    --end;
  }
  int64_t value = 0;
  for (char c : text.substr(0, end)) {
    if (c == '.') continue;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  if (value == 0) return 0;
  if (shift < 0) return std::nullopt;
  for (; shift > 0; --shift) {
    if (__builtin_mul_overflow(value, 10, &value)) return std::nullopt;
  }
  return is_negative ? -value : value;
}

}  // namespace qlake::events
