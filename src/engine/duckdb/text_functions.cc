#include "engine/duckdb/text_functions.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace qlake::engine {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr size_t kTopLabelLettersMin = 2;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLabelCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '-'; }
bool IsLocalCharacter(char c) {
  return IsLetter(c) || IsDigit(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

std::string_view Trim(std::string_view text) {
  size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The end of the longest domain that starts at the position; 0 when none does: labels, a point behind each, and
// letters.
size_t EndOfDomain(std::string_view text, size_t at) {
  size_t end = 0;
  for (bool is_first = true;; is_first = false) {
    size_t letters = at;
    while (letters < text.size() && IsLetter(text[letters])) ++letters;
    if (!is_first && letters - at >= kTopLabelLettersMin) end = letters;
    size_t label = letters;
    while (label < text.size() && IsLabelCharacter(text[label])) ++label;
    if (label == at || label == text.size() || text[label] != '.') return end;
    at = label + 1;
  }
}

// One to `digits_max` digits at the front, taken off the text; -1 when there are none.
int TakeNumber(std::string_view& text, size_t digits_max) {
  size_t digits = 0;
  int number = 0;
  for (; digits < std::min(digits_max, text.size()) && IsDigit(text[digits]); ++digits) {
    number = number * 10 + (text[digits] - '0');
  }
  text.remove_prefix(digits);
  return digits == 0 ? -1 : number;
}

bool TakeDash(std::string_view& text) {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

// Where the last three slashes are; nothing when there are fewer.
struct Slashes {
  size_t city, state, postal;
};
std::optional<Slashes> FindSlashes(std::string_view text) {
  size_t at[3];
  size_t end = text.size();
  for (size_t& slash : at) {
    slash = end == 0 ? std::string_view::npos : text.rfind('/', end - 1);
    if (slash == std::string_view::npos) return std::nullopt;
    end = slash;
  }
  return Slashes{at[2], at[1], at[0]};
}

}  // namespace

std::optional<std::string_view> CleanText(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<int64_t> ParseIntegerText(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string_view> CleanEmail(std::string_view text, std::string& buffer) {
  text = Trim(text);
  size_t at_sign = 0;
  while (at_sign < text.size() && IsLocalCharacter(text[at_sign])) ++at_sign;
  if (at_sign == 0 || at_sign == text.size() || text[at_sign] != '@') return std::nullopt;
  size_t end = EndOfDomain(text, at_sign + 1);
  if (end == 0) return std::nullopt;
  std::string_view email = text.substr(0, end);
  if (!email.ends_with(".comm")) return email;
  buffer.assign(email.substr(0, email.size() - 1));
  return buffer;
}

std::optional<int32_t> ParseDateText(std::string_view text) {
  text = Trim(text);
  constexpr size_t kYearDigits = 4;
  if (text.find('-') != kYearDigits) return std::nullopt;
  int year = TakeNumber(text, kYearDigits);
  if (!TakeDash(text)) return std::nullopt;
  int month = TakeNumber(text, 2);
  if (!TakeDash(text)) return std::nullopt;
  int day = TakeNumber(text, 2);
  if (!text.empty() || year < 0 || month < 0 || day < 0) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::optional<std::string_view> SplitAddress(std::string_view text, int32_t part) {
  auto slashes = FindSlashes(text);
  std::string_view found;
  if (!slashes) {
    if (part == 1) found = text;
  } else if (part == 1) {
    found = text.substr(0, slashes->city);
  } else if (part == 2) {
    found = text.substr(slashes->city + 1, slashes->state - slashes->city - 1);
  } else if (part == 3) {
    found = text.substr(slashes->state + 1, slashes->postal - slashes->state - 1);
  } else if (part == 4) {
    found = text.substr(slashes->postal + 1);
  }
  found = Trim(found);
  if (found.empty()) return std::nullopt;
  return found;
}

}  // namespace qlake::engine
