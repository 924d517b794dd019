#include "engine/duckdb/text_functions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace qlake::engine {
namespace {

constexpr size_t kTopLabelLettersMin = 2;

// What a character may stand in, as bits: an e-mail asks this of each of its characters, several times over.
enum CharacterClass : uint8_t { kLetter = 1, kLabel = 2, kLocal = 4 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  auto add = [&](char c, int bits) { classes[static_cast<unsigned char>(c)] |= static_cast<uint8_t>(bits); };
  for (char c = 'a'; c <= 'z'; ++c) add(c, kLetter | kLabel | kLocal);
  for (char c = 'A'; c <= 'Z'; ++c) add(c, kLetter | kLabel | kLocal);
  for (char c = '0'; c <= '9'; ++c) add(c, kLabel | kLocal);
  for (char c : {'.', '_', '%', '+', '-'}) add(c, kLocal);
  add('-', kLabel);
  return classes;
}();

bool Is(char c, CharacterClass wanted) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }
bool IsLetter(char c) { return Is(c, kLetter); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLabelCharacter(char c) { return Is(c, kLabel); }
bool IsLocalCharacter(char c) { return Is(c, kLocal); }

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
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

void AppendInteger(std::string& to, int64_t value) {
  char digits[std::numeric_limits<int64_t>::digits10 + 3];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void AppendDate(std::string& to, int64_t days) {
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  auto two_digits = [&](unsigned number) {
    to.push_back(static_cast<char>('0' + number / 10));
    to.push_back(static_cast<char>('0' + number % 10));
  };
  auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  // DuckDB counts as historians do: before the year 1 comes 1 BC.
  bool is_before_christ = year == 0;
  if (is_before_christ) year = 1;
  two_digits(year / 100);
  two_digits(year % 100);
  to.push_back('-');
  two_digits(static_cast<unsigned>(date.month()));
  to.push_back('-');
  two_digits(static_cast<unsigned>(date.day()));
  if (is_before_christ) to.append(" (BC)");
}

// From the last digit to the first.
template <typename Unsigned>
char* WriteDigits(Unsigned rest, base::ColumnType type, char* end) {
  auto write = [&] {
    *--end = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  };
  for (int digits = 0; digits < type.scale; ++digits) write();
  if (type.scale > 0) *--end = '.';
  // A type without digits before the point writes none there: .5000
  if (type.precision > type.scale) write();
  while (rest > 0) write();
  return end;
}

void AppendDecimal(std::string& to, __int128 unscaled, base::ColumnType type) {
  constexpr size_t kCharactersMax = 41;  // 38 digits, a zero before the point, the point and the sign.
  char text[kCharactersMax];
  char* end = text + kCharactersMax;
  auto rest = unscaled < 0 ? -static_cast<unsigned __int128>(unscaled) : static_cast<unsigned __int128>(unscaled);
  // 64 bits divide many times faster.
  bool is_small = rest <= std::numeric_limits<uint64_t>::max();
  char* begin = is_small ? WriteDigits(static_cast<uint64_t>(rest), type, end) : WriteDigits(rest, type, end);
  if (unscaled < 0) *--begin = '-';
  to.append(begin, static_cast<size_t>(end - begin));
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
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  return text;
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

std::optional<std::string_view> CleanEmail(std::string_view text) {
  text = Trim(text);
  size_t at_sign = 0;
  while (at_sign < text.size() && IsLocalCharacter(text[at_sign])) ++at_sign;
  if (at_sign == 0 || at_sign == text.size() || text[at_sign] != '@') return std::nullopt;
  size_t end = EndOfDomain(text, at_sign + 1);
  if (end == 0) return std::nullopt;
  std::string_view email = text.substr(0, end);
  if (email.ends_with(".comm")) email.remove_suffix(1);
  return email;
}

std::optional<__int128> ParseDecimalText(std::string_view text, int precision, int scale) {
  bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (whole.empty()) return std::nullopt;
  while (fraction.size() > static_cast<size_t>(scale) && fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > static_cast<size_t>(scale)) return std::nullopt;
  while (whole.size() > 1 && whole.starts_with('0')) whole.remove_prefix(1);
  bool is_zero = whole == "0";
  if (!is_zero && whole.size() > static_cast<size_t>(precision - scale)) return std::nullopt;
  unsigned __int128 value = 0;
  for (std::string_view digits : {whole, fraction}) {
    for (char c : digits) {
      if (!IsDigit(c)) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
  }
  for (size_t i = fraction.size(); i < static_cast<size_t>(scale); ++i) value *= 10;
  auto unscaled = static_cast<__int128>(value);
  return is_negative ? -unscaled : unscaled;
}

std::optional<bool> ParseBooleanText(std::string_view text) {
  constexpr size_t kLongest = 5;
  char lower[kLongest];
  if (text.size() > kLongest) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
  }
  std::string_view word(lower, text.size());
  if (word == "yes" || word == "true" || word == "y" || word == "t" || word == "1") return true;
  if (word == "no" || word == "false" || word == "n" || word == "f" || word == "0") return false;
  return std::nullopt;
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

void AppendValueText(base::ColumnType type, __int128 value, std::string& to) {
  using Kind = base::ColumnType::Kind;
  switch (type.kind) {
    case Kind::kDate:
      return AppendDate(to, static_cast<int64_t>(value));
    case Kind::kBoolean:
      to.append(value != 0 ? "true" : "false");
      return;
    case Kind::kDecimal:
      return AppendDecimal(to, value, type);
    default:
      return AppendInteger(to, static_cast<int64_t>(value));
  }
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
