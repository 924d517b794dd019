#include "schedule/occasion.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace qlake::schedule {
namespace {

constexpr int kHour = 60;
constexpr int kDay = 24 * kHour;
constexpr int64_t kUsPerMinute = 60'000'000;

std::optional<int> TwoDigits(std::string_view text, int below) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return std::nullopt;
  int value = (text[0] - '0') * 10 + (text[1] - '0');
  return value < below ? std::optional<int>(value) : std::nullopt;
}

// "every 5m" without the words.
std::optional<int> Minutes(std::string_view text) {
  int minutes = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return minutes > 0 && minutes < kHour && kHour % minutes == 0 ? std::optional<int>(minutes) : std::nullopt;
}

}  // namespace

std::optional<Occasion> Occasion::Parse(std::string_view text) {
  constexpr std::string_view kEvery = "every ";
  if (text == "off") return Occasion(0, 0);
  if (text.starts_with(kEvery) && text.ends_with('m')) {
    auto minutes = Minutes(text.substr(kEvery.size(), text.size() - kEvery.size() - 1));
    return minutes ? std::optional<Occasion>(Occasion(*minutes, 0)) : std::nullopt;
  }
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto minute = TwoDigits(text.substr(colon + 1), 60);
  if (!minute) return std::nullopt;
  if (colon == 0) return Occasion(kHour, *minute);
  auto hour = TwoDigits(text.substr(0, colon), 24);
  return hour ? std::optional<Occasion>(Occasion(kDay, *hour * kHour + *minute)) : std::nullopt;
}

base::Timestamp Occasion::LastUntil(base::Timestamp now) const {
  QLAKE_CHECK(!is_off());
  int64_t period_us = every_minutes_ * kUsPerMinute;
  int64_t since_us = now.us - at_minute_ * kUsPerMinute;
  int64_t periods = since_us / period_us - (since_us % period_us < 0 ? 1 : 0);
  return {periods * period_us + at_minute_ * kUsPerMinute};
}

std::string Occasion::CronFields() const {
  QLAKE_CHECK(!is_off());
  if (every_minutes_ == kDay) return fmt::format("{} {} * * *", at_minute_ % kHour, at_minute_ / kHour);
  if (every_minutes_ == kHour) return fmt::format("{} * * * *", at_minute_);
  return every_minutes_ == 1 ? "* * * * *" : fmt::format("*/{} * * * *", every_minutes_);
}

std::string Occasion::SystemdCalendar() const {
  QLAKE_CHECK(!is_off());
  if (every_minutes_ == kDay) return fmt::format("*-*-* {:02}:{:02}:00 UTC", at_minute_ / kHour, at_minute_ % kHour);
  if (every_minutes_ == kHour) return fmt::format("*-*-* *:{:02}:00 UTC", at_minute_);
  return fmt::format("*-*-* *:0/{}:00 UTC", every_minutes_);
}

}  // namespace qlake::schedule
