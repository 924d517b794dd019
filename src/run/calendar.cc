#include "run/calendar.h"

#include <algorithm>

namespace qlake::run {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The hours of one source.
struct Hours {
  std::set<base::Hour> received;
  std::set<base::Hour> waiting;  // Of these, with a file that is not processed.
};

std::optional<HourSpan> ExpectedSpan(const std::string& source, const Hours& hours,
                                     std::optional<base::Hour> newest_of_all, const Expectations& expectations,
                                     base::Timestamp now) {
  if (expectations.kind == Expectations::Kind::kOff) return std::nullopt;
  if (expectations.kind == Expectations::Kind::kWhatCame) {
    if (hours.received.empty()) return std::nullopt;
    return HourSpan{*hours.received.begin(), *newest_of_all};
  }
  auto from = expectations.from.find(source);
  if (from == expectations.from.end()) from = expectations.from.find("");
  if (from == expectations.from.end()) return std::nullopt;
  base::Hour current = base::HourOf({now.us - expectations.grace.count() * 1000});
  if (current <= from->second) return std::nullopt;
  return HourSpan{from->second, {current.hours - 1}};
}

std::vector<HourSpan> FindGaps(const HourSpan& expected, const std::set<base::Hour>& received) {
  std::vector<HourSpan> gaps;
  base::Hour next = expected.first;
  for (auto hour = received.lower_bound(expected.first); hour != received.end() && *hour <= expected.last; ++hour) {
    if (next < *hour) gaps.push_back({next, {hour->hours - 1}});
    next = {hour->hours + 1};
  }
  if (next <= expected.last) gaps.push_back({next, expected.last});
  return gaps;
}

SourceCalendar Describe(const std::string& source, const Hours& hours, std::optional<HourSpan> expected) {
  SourceCalendar calendar{source, std::nullopt, std::nullopt, {}, static_cast<int64_t>(hours.waiting.size())};
  if (expected) calendar.gaps = FindGaps(*expected, hours.received);
  for (base::Hour hour : hours.received) {
    if (hours.waiting.contains(hour)) continue;
    calendar.newest_closed = hour;
    bool is_behind_a_gap = !calendar.gaps.empty() && calendar.gaps.front().first < hour;
    bool is_behind_one_that_waits = !hours.waiting.empty() && *hours.waiting.begin() < hour;
    if (!is_behind_a_gap && !is_behind_one_that_waits) calendar.complete_until = hour;
  }
  return calendar;
}

}  // namespace

std::optional<Expectations> Expectations::Parse(std::string_view text) {
  Expectations expectations;
  if (text == "auto") return expectations;
  if (text == "off") {
    expectations.kind = Kind::kOff;
    return expectations;
  }
  expectations.kind = Kind::kFrom;
  if (text.empty()) return std::nullopt;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find(',', start), text.size());
    std::string_view part = Trim(text.substr(start, end - start));
    size_t equals = part.find('=');
    std::string source(equals == std::string_view::npos ? "" : Trim(part.substr(0, equals)));
    auto hour = base::ParseHour(equals == std::string_view::npos ? part : Trim(part.substr(equals + 1)));
    bool has_name = equals == std::string_view::npos || !source.empty();
    if (!hour || !has_name || !expectations.from.emplace(source, *hour).second) return std::nullopt;
    start = end + 1;
  }
  return expectations;
}

int64_t SourceCalendar::hours_missing() const {
  int64_t hours = 0;
  for (const auto& gap : gaps) hours += gap.hours();
  return hours;
}

std::vector<SourceCalendar> BuildCalendar(const std::vector<std::string>& sources,
                                          const std::vector<lake::FileRecord>& files,
                                          const std::map<std::string, int64_t>& processed,
                                          const Expectations& expectations, base::Timestamp now) {
  std::map<std::string, Hours> hours;
  std::optional<base::Hour> newest;
  for (const auto& file : files) {
    auto& source = hours[file.source];
    source.received.insert(file.hour);
    newest = std::max(newest.value_or(file.hour), file.hour);
    auto account = processed.find(file.file_id);
    if (account == processed.end() || account->second < file.seq) source.waiting.insert(file.hour);
  }
  std::vector<SourceCalendar> calendars;
  for (const auto& source : sources) {
    calendars.push_back(
        Describe(source, hours[source], ExpectedSpan(source, hours[source], newest, expectations, now)));
  }
  return calendars;
}

std::vector<SourceCalendar> ReadCalendar(lake::Lake& lake, const std::vector<std::string>& sources,
                                         const Expectations& expectations) {
  std::map<std::string, int64_t> processed;
  for (const auto& entry : lake::ReadLedger(lake)) processed[entry.file_id] = entry.seq;
  return BuildCalendar(sources, lake::CurrentFiles(lake::ReadFiles(lake)), processed, expectations, lake.clock().Now());
}

base::Json ToJson(const SourceCalendar& calendar) {
  auto hour = [](std::optional<base::Hour> value) {
    return value ? base::Json(base::FormatHour(*value)) : base::Json(nullptr);
  };
  base::Json gaps = base::Json::array();
  for (const auto& gap : calendar.gaps) {
    gaps.push_back({{"first", base::FormatHour(gap.first)}, {"last", base::FormatHour(gap.last)}});
  }
  return {{"source", calendar.source},
          {"newest_closed", hour(calendar.newest_closed)},
          {"complete_until", hour(calendar.complete_until)},
          {"hours_missing", calendar.hours_missing()},
          {"hours_waiting", calendar.hours_waiting},
          {"gaps", gaps}};
}

}  // namespace qlake::run
