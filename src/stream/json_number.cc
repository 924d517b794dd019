#include "stream/json_number.h"

namespace qlake::stream {
namespace {

constexpr int64_t kExponentMost = 1'000'000;  // Beyond it only zero fits, whatever the exponent.

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// RFC 8259, section 6.
bool IsJsonNumber(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = at;
  at = SkipDigits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(text, at);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = at;
    at = SkipDigits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

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

bool IsJsonScalar(std::string_view text) {
  return IsJsonNumber(text) || text == "null" || text == "true" || text == "false";
}

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

}  // namespace qlake::stream
