#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "lake/records.h"

namespace qlake::run {

// From when on files of each source are expected, an hour's files by the end of the hour and some grace.
struct Expectations {
  enum class Kind {
    kOff,       // Nothing is missed.
    kWhatCame,  // From each source's first hour to the newest of any: holes are seen, silence is not.
    kFrom,      // From these hours up to now.
  };

  Kind kind = Kind::kWhatCame;
  std::map<std::string, base::Hour> from;  // By source; "" stands for all that are not named.
  std::chrono::milliseconds grace{0};

  // "auto", "off", an hour ("2023-05-20T00"), or "source=hour, source=hour". Nothing for anything else.
  static std::optional<Expectations> Parse(std::string_view text);
};

// Hours one behind the other, both ends included.
struct HourSpan {
  base::Hour first;
  base::Hour last;
  int64_t hours() const { return last.hours - first.hours + 1; }
  bool operator==(const HourSpan&) const = default;
};

// How a source stands.
struct SourceCalendar {
  std::string source;
  std::optional<base::Hour> newest_closed;   // The newest hour whose files are all processed.
  std::optional<base::Hour> complete_until;  // The last hour before the first gap or file that waits.
  std::vector<HourSpan> gaps;                // Expected hours without any file, ascending. A file closes its gap.
  int64_t hours_waiting = 0;                 // With files that are not processed yet.

  int64_t hours_missing() const;
};

// `files`: the current files. `processed`: the seq that each file's account stands for, by file id. Pure.
std::vector<SourceCalendar> BuildCalendar(const std::vector<std::string>& sources,
                                          const std::vector<lake::FileRecord>& files,
                                          const std::map<std::string, int64_t>& processed,
                                          const Expectations& expectations, base::Timestamp now);

// The same, of a lake.
std::vector<SourceCalendar> ReadCalendar(lake::Lake& lake, const std::vector<std::string>& sources,
                                         const Expectations& expectations);

// {source, newest_closed, complete_until, hours_missing, hours_waiting, gaps: [{first, last}]}
base::Json ToJson(const SourceCalendar& calendar);

}  // namespace qlake::run
