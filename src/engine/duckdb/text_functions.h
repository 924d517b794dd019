#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What our SQL functions do to one value; docs and functions/spark.sql must say the same.
namespace qlake::engine {

// The text without the blanks and tabs around it; nothing when nothing is left.
std::optional<std::string_view> CleanText(std::string_view text);

// Digits with at most a sign in front, as a number; nothing for anything else or what 64 bits do not hold.
std::optional<int64_t> ParseIntegerText(std::string_view text);

// The longest address (local@domain.tld) that the text, blanks around it removed, begins with; what stands behind it is
// junk that the source appends: "a.b@gmail.com]x", "a.b@gmail.com""". The source also doubles the last letter: the last
// label "comm" becomes "com". Nothing when the text does not begin with an address. `buffer` may hold the answer.
std::optional<std::string_view> CleanEmail(std::string_view text, std::string& buffer);

// Days since 1970 of exactly Y-M-D: a year of four digits, month and day of one or two, blanks around ignored, and a
// day that the calendar has.
std::optional<int32_t> ParseDateText(std::string_view text);

// Part 1 to 4 of street/city/state/postal code, split from the right, because a street may hold slashes: "421 1/2 6th
// Street Southeast/Washington/DC/20003". Blanks around a part are removed, an empty part is nothing. With fewer than
// three slashes part 1 is the whole text and the others are nothing.
std::optional<std::string_view> SplitAddress(std::string_view text, int32_t part);

}  // namespace qlake::engine
