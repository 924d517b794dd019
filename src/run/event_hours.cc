#include "run/event_hours.h"

#include <algorithm>
#include <string>

namespace qlake::run {

std::optional<base::Hour> NewestEventHour(const delta::Snapshot& events) {
  std::optional<base::Hour> newest;
  for (const auto& [path, file] : events.files()) {
    std::string date;
    std::string hour;
    for (const auto& [column, value] : file.partition_values) {
      if (column == "event_date") date = value.value_or("");
      if (column == "event_hour") hour = value.value_or("");
    }
    auto parsed = base::ParseHour(date + "T" + (hour.size() == 1 ? "0" : "") + hour);
    if (parsed) newest = std::max(newest.value_or(*parsed), *parsed);
  }
  return newest;
}

}  // namespace qlake::run
