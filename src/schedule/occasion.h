#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace qlake::schedule {

// When something is to be done, again and again: each hour at a minute, each day at a time, or every few minutes.
class Occasion {
 public:
  // ":20" (each hour), "01:00" (each day), "every 5m" (minutes that divide an hour), "off". Nothing for anything else.
  static std::optional<Occasion> Parse(std::string_view text);

  bool is_off() const { return every_minutes_ == 0; }
  // The last one at or before `now`, days and hours being those of UTC. REQUIRES: !is_off().
  base::Timestamp LastUntil(base::Timestamp now) const;

  // The first five fields of a line of a crontab: "20 * * * *". Cron takes days in the machine's zone. REQUIRES:
  // !is_off().
  std::string CronFields() const;
  // OnCalendar= of a systemd timer, in UTC. REQUIRES: !is_off().
  std::string SystemdCalendar() const;

 private:
  Occasion(int every_minutes, int at_minute) : every_minutes_(every_minutes), at_minute_(at_minute) {}

  int every_minutes_;  // A day, an hour, or a part of one. 0: never.
  int at_minute_;      // Since each began.
};

}  // namespace qlake::schedule
