#include "maintain/open_partition.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace qlake::maintain {
namespace {

std::optional<int64_t> ToHourOfDay(const std::string& text) {
  int64_t hour = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), hour);
  bool is_hour = failure == std::errc() && end == text.data() + text.size() && hour >= 0 && hour < 24;
  return is_hour ? std::optional(hour) : std::nullopt;
}

}  // namespace

bool IsOpenPartition(const delta::Metadata& metadata, const delta::PartitionValues& values, base::Timestamp now) {
  std::optional<base::Date> date;
  std::optional<int64_t> hour;
  for (const auto& name : metadata.partition_columns) {
    auto found = values.find(name);
    if (found == values.end() || !found->second) continue;
    if (!date) {
      date = base::ParseDate(*found->second);
      if (date) continue;
    }
    if (name.ends_with("hour")) hour = ToHourOfDay(*found->second);
  }
  base::Hour current = base::HourOf(now);
  if (!date || *date < base::DateOf(current)) return false;
  bool is_past_hour = hour && *date == base::DateOf(current) && *hour < current.hours - int64_t{date->days} * 24;
  return !is_past_hour;
}

}  // namespace qlake::maintain
