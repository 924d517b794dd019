#include "run/run_entry.h"

#include <optional>

namespace qlake::run {

void EnterRun(lake::Writer& writer, const RunEntry& entry) {
  bool is_done = entry.failure.empty();
  writer.Append(lake::RunsSchema(), {{writer.run_id(), entry.command, base::FormatTimestamp(entry.started_at),
                                      base::FormatTimestamp(writer.lake().clock().Now()), is_done ? "done" : "failed",
                                      is_done ? std::optional<std::string>() : entry.failure,
                                      std::to_string(entry.files), std::to_string(entry.rows), entry.details.dump()}});
}

}  // namespace qlake::run
