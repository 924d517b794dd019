#include "base/clock.h"

#include <charconv>
#include <chrono>
#include <cstdlib>

#include "base/error.h"

namespace qlake::base {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kUsPerHour = 3600 * kUsPerSecond;

int64_t FloorDivide(int64_t value, int64_t by) {
  int64_t quotient = value / by;
  return quotient - (value % by < 0 ? 1 : 0);
}

std::chrono::year_month_day CivilOf(Date date) { return std::chrono::sys_days(std::chrono::days(date.days)); }

// Reads exactly `width` digits off the front of `text`.
std::optional<int> TakeDigits(std::string_view& text, size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool Take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Date> TakeDate(std::string_view& text) {
  auto year = TakeDigits(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  auto month = TakeDigits(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  auto day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  std::chrono::year_month_day civil{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                    std::chrono::day(static_cast<unsigned>(*day))};
  if (!civil.ok()) return std::nullopt;
  return Date{static_cast<int32_t>(std::chrono::sys_days(civil).time_since_epoch().count())};
}

class MachineClock final : public Clock {
 public:
  MachineClock() {
    const char* now = std::getenv("QLAKE_NOW");
    if (now == nullptr || *now == '\0') return;
    auto moment = ParseTimestamp(now);
    if (!moment) throw InputError("QLAKE_NOW is no timestamp like 2023-05-20T14:03:07Z: {}", now);
    shift_us_ = moment->us - MachineNowUs();
  }
  Timestamp Now() const override { return {MachineNowUs() + shift_us_}; }

 private:
  static int64_t MachineNowUs() {
    auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
  }
  int64_t shift_us_ = 0;
};

}  // namespace

Hour HourOf(Timestamp time) { return {FloorDivide(time.us, kUsPerHour)}; }
Date DateOf(Hour hour) { return {static_cast<int32_t>(FloorDivide(hour.hours, 24))}; }
Timestamp StartOf(Hour hour) { return {hour.hours * kUsPerHour}; }

std::string FormatDate(Date date) {
  auto civil = CivilOf(date);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(civil.year()), static_cast<unsigned>(civil.month()),
                     static_cast<unsigned>(civil.day()));
}

std::string FormatHour(Hour hour) {
  Date date = DateOf(hour);
  return fmt::format("{}T{:02}", FormatDate(date), hour.hours - int64_t{date.days} * 24);
}

std::string FormatTimestamp(Timestamp time) {
  Hour hour = HourOf(time);
  int64_t us = time.us - StartOf(hour).us;
  return fmt::format("{}:{:02}:{:02}.{:06}Z", FormatHour(hour), us / (60 * kUsPerSecond), us / kUsPerSecond % 60,
                     us % kUsPerSecond);
}

std::optional<Date> ParseDate(std::string_view text) {
  auto date = TakeDate(text);
  if (!text.empty()) return std::nullopt;
  return date;
}

std::optional<Hour> ParseHour(std::string_view text) {
  auto date = TakeDate(text);
  if (!date || !(Take(text, 'T') || Take(text, ' '))) return std::nullopt;
  auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !text.empty()) return std::nullopt;
  return Hour{int64_t{date->days} * 24 + *hour};
}

std::optional<Timestamp> ParseTimestamp(std::string_view text) {
  auto date = TakeDate(text);
  if (!date || !(Take(text, 'T') || Take(text, ' '))) return std::nullopt;
  auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !Take(text, ':')) return std::nullopt;
  auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  int64_t fraction_us = 0;
  if (Take(text, ':')) {
    auto seconds = TakeDigits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    second = *seconds;
    if (Take(text, '.')) {
      int64_t unit_us = kUsPerSecond / 10;
      if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        fraction_us += unit_us * (text.front() - '0');
        unit_us /= 10;
        text.remove_prefix(1);
      }
    }
  }
  Take(text, 'Z');
  if (!text.empty()) return std::nullopt;
  int64_t seconds = (int64_t{date->days} * 24 + *hour) * 3600 + *minute * 60 + second;
  return Timestamp{seconds * kUsPerSecond + fraction_us};
}

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace qlake::base
