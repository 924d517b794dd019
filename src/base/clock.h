#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qlake::base {

// Microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  int64_t us = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// A data hour: whole hours since 1970-01-01T00Z. Work is keyed by it.
struct Hour {
  int64_t hours = 0;
  auto operator<=>(const Hour&) const = default;
};

// Days since 1970-01-01.
struct Date {
  int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};

Hour HourOf(Timestamp time);  // The hour that the moment lies in.
Date DateOf(Hour hour);
Timestamp StartOf(Hour hour);

std::string FormatTimestamp(Timestamp time);  // 2023-05-20T14:03:07.000001Z, always microseconds.
std::string FormatHour(Hour hour);            // 2023-05-20T14
std::string FormatDate(Date date);            // 2023-05-20

// Each takes exactly the form that its Format writes and nothing else, but that the microseconds, the seconds and the
// final Z may be left out of a timestamp, and a blank may stand for the T; nothing for anything else.
std::optional<Timestamp> ParseTimestamp(std::string_view text);
std::optional<Hour> ParseHour(std::string_view text);
std::optional<Date> ParseDate(std::string_view text);

// Where the time comes from, so that tests can say what time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
};

// The machine's clock; when the environment names a moment in QLAKE_NOW (2023-05-20T14:03:07Z), that moment plus the
// time since the process started. Throws Error{kInput} when QLAKE_NOW is not a timestamp.
const Clock& SystemClock();

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Timestamp now) : now_(now) {}
  Timestamp Now() const override { return now_; }

 private:
  Timestamp now_;
};

}  // namespace qlake::base
