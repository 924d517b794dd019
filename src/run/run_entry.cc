#include "run/run_entry.h"

#include <algorithm>
#include <optional>

#include "base/digest.h"

namespace qlake::run {

std::string NewRunId(base::Timestamp now) {
  std::string text = base::FormatTimestamp(now).substr(0, 19);
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }), text.end());
  return text + "-" + base::NewUuid().substr(0, 8);
}

void EnterRun(lake::Writer& writer, const RunEntry& entry) {
  bool is_done = entry.failure.empty();
  writer.Append(lake::RunsSchema(), {{writer.run_id(), entry.command, base::FormatTimestamp(entry.started_at),
                                      base::FormatTimestamp(writer.lake().clock().Now()), is_done ? "done" : "failed",
                                      is_done ? std::optional<std::string>() : entry.failure,
                                      std::to_string(entry.files), std::to_string(entry.rows), entry.details.dump()}});
}

}  // namespace qlake::run
