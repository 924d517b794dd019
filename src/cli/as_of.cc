#include "cli/as_of.h"

#include "base/error.h"

namespace qlake::cli {
namespace {

constexpr size_t kVersionDigitsMax = 18;  // Beyond that it does not fit 64 bits, and no table has it.

}  // namespace

AsOf ParseAsOf(const std::string& flag, const std::string& text) {
  AsOf as_of;
  if (text.empty()) return as_of;
  if (text.find_first_not_of("0123456789") == std::string::npos && text.size() <= kVersionDigitsMax) {
    as_of.version = std::stoll(text);
  } else if (!(as_of.time = base::ParseTimestamp(text))) {
    throw base::InputError("{} must be a version or a time such as 2023-05-20T14:00:00Z: {}", flag, text);
  }
  return as_of;
}

std::optional<base::Timestamp> ParseAsOfTime(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto time = base::ParseTimestamp(text);
  if (!time) throw base::InputError("{} must be a time such as 2023-05-20T14:00:00Z: {}", flag, text);
  return time;
}

}  // namespace qlake::cli
