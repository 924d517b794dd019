#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

// Values whose text is what one expects, read without a call: what the reader of a file does for nearly every cell.
// Each says false for a text that it is not sure of; text_functions.h then has the word.
namespace qlake::engine::quick {

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Digits alone, no more than fit, as they are written: 0, 42.
inline bool ReadInteger(std::string_view text, int64_t& value) {
  constexpr size_t kDigitsMax = 18;
  if (text.empty() || text.size() > kDigitsMax || (text.front() == '0' && text.size() > 1)) return false;
  int64_t read = 0;
  for (char c : text) {
    if (!IsDigit(c)) return false;
    read = read * 10 + (c - '0');
  }
  value = read;
  return true;
}

// A decimal with all digits of its scale behind the point, as it is written: 899.99. `value` is unscaled.
inline bool ReadDecimal(std::string_view text, int precision, int scale, int64_t& value) {
  auto fraction = static_cast<size_t>(scale);
  auto digits_max = static_cast<size_t>(precision) + 1;
  if (scale == 0 || precision <= scale || text.size() < fraction + 2 || text.size() > digits_max) return false;
  size_t point = text.size() - fraction - 1;
  if (text[point] != '.' || (text.front() == '0' && point > 1)) return false;
  int64_t read = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (!IsDigit(text[i])) return false;
    read = read * 10 + (text[i] - '0');
  }
  value = read;
  return true;
}

// A date of four digits, and one or two for month and day: 2023-5-20. `written`: ten characters, 2023-05-20.
inline bool ReadDate(std::string_view text, int32_t& days, char* written) {
  constexpr size_t kShortest = 8;
  constexpr size_t kLongest = 10;
  if (text.size() < kShortest || text.size() > kLongest || text[4] != '-' || text[0] == '0') return false;
  size_t dash = text[6] == '-' ? 6 : 7;
  size_t month_digits = dash - 5;
  size_t day_digits = text.size() - dash - 1;
  if (text[dash] != '-' || day_digits < 1 || day_digits > 2) return false;
  char digits[8] = {text[0], text[1], text[2], text[3], '0', '0', '0', '0'};
  digits[5] = text[dash - 1];
  if (month_digits == 2) digits[4] = text[5];
  digits[7] = text.back();
  if (day_digits == 2) digits[6] = text[dash + 1];
  for (char c : digits) {
    if (!IsDigit(c)) return false;
  }
  auto two = [&](size_t at) { return static_cast<unsigned>((digits[at] - '0') * 10 + (digits[at + 1] - '0')); };
  std::chrono::year_month_day date{std::chrono::year(static_cast<int>(two(0) * 100 + two(2))),
                                   std::chrono::month(two(4)), std::chrono::day(two(6))};
  if (!date.ok()) return false;
  days = static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
  for (size_t i = 0; i < 4; ++i) written[i] = digits[i];
  written[4] = '-';
  written[5] = digits[4];
  written[6] = digits[5];
  written[7] = '-';
  written[8] = digits[6];
  written[9] = digits[7];
  return true;
}

// yes, no, true, false, in any case.
inline bool ReadBoolean(std::string_view text, bool& value) {
  auto is = [&](std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i) {
      // Only a letter becomes a small letter by this bit.
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  switch (text.size()) {
    case 2:
      value = false;
      return is("no");
    case 3:
      value = true;
      return is("yes");
    case 4:
      value = true;
      return is("true");
    case 5:
      value = false;
      return is("false");
    default:
      return false;
  }
}

}  // namespace qlake::engine::quick
