#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/column_type.h"

// What our SQL functions do to one value; docs and functions/spark.sql must say the same.
namespace qlake::engine {

// The text without the blanks and tabs around it; nothing when nothing is left.
std::optional<std::string_view> CleanText(std::string_view text);

// Digits with at most a sign in front, as a number; nothing for anything else or what 64 bits do not hold.
std::optional<int64_t> ParseIntegerText(std::string_view text);

// The longest address (local@domain.tld) that the text, blanks around it removed, begins with; what stands behind it is
// junk that the source appends: "a.b@gmail.com]x", "a.b@gmail.com""". The source also doubles the last letter: the last
// label "comm" becomes "com". Nothing when the text does not begin with an address. The answer is a part of the text.
std::optional<std::string_view> CleanEmail(std::string_view text);

// A plain decimal number, "-12.50", as its unscaled value at `scale`; nothing for anything else, for digits after the
// point that the scale would round away (zeros at the end do not count), or for more digits than the precision has.
std::optional<__int128> ParseDecimalText(std::string_view text, int precision, int scale);

// yes, true, y, t, 1 and no, false, n, f, 0 in any case; nothing for anything else.
std::optional<bool> ParseBooleanText(std::string_view text);

// Days since 1970 of exactly Y-M-D: a year of four digits, month and day of one or two, blanks around ignored, and a
// day that the calendar has.
std::optional<int32_t> ParseDateText(std::string_view text);

// Appends a number (an integer, days of a date, 0 or 1 of a boolean, a decimal's unscaled value) as a cast of the value
// to VARCHAR writes it: 7, 2023-05-02, true, -12.50. REQUIRES: a date between the years 0 and 9999.
void AppendValueText(base::ColumnType type, __int128 value, std::string& to);

// Part 1 to 4 of street/city/state/postal code, split from the right, because a street may hold slashes: "421 1/2 6th
// Street Southeast/Washington/DC/20003". Blanks around a part are removed, an empty part is nothing. With fewer than
// three slashes part 1 is the whole text and the others are nothing.
std::optional<std::string_view> SplitAddress(std::string_view text, int32_t part);

}  // namespace qlake::engine
