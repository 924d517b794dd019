#include "run/run_id.h"

#include <algorithm>

#include "base/digest.h"

namespace qlake::run {

std::string NewRunId(base::Timestamp now) {
  std::string text = base::FormatTimestamp(now).substr(0, 19);
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }), text.end());
  return text + "-" + base::NewUuid().substr(0, 8);
}

}  // namespace qlake::run
