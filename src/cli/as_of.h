#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "delta/actions.h"

namespace qlake::cli {

// A place in the past: a version of one table, or a moment. Neither: now.
struct AsOf {
  std::optional<delta::Version> version;
  std::optional<base::Timestamp> time;
};

// `flag` stands in the error: Error{kInput} when the text is neither. An empty text is now.
AsOf ParseAsOf(const std::string& flag, const std::string& text);

// The same where only a moment makes sense.
std::optional<base::Timestamp> ParseAsOfTime(const std::string& flag, const std::string& text);

}  // namespace qlake::cli
