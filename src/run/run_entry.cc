#include "run/run_entry.h"

#include <optional>

#include "base/error.h"

namespace qlake::run {
namespace {

constexpr int kAttemptsMax = 20;

lake::TextRow ToRow(const std::string& run_id, const RunEntry& entry, base::Timestamp finished_at) {
  bool is_done = entry.failure.empty();
  return {run_id,
          entry.command,
          base::FormatTimestamp(entry.started_at),
          base::FormatTimestamp(finished_at),
          is_done ? "done" : "failed",
          is_done ? std::optional<std::string>() : entry.failure,
          std::to_string(entry.files),
          std::to_string(entry.rows),
          entry.details.dump()};
}

}  // namespace

void EnterRun(lake::Writer& writer, const RunEntry& entry) {
  writer.Append(lake::RunsSchema(), {ToRow(writer.run_id(), entry, writer.lake().clock().Now())});
}

void EnterRunWithoutLease(lake::Lake& lake, const std::string& run_id, const RunEntry& entry) {
  const auto& schema = lake::RunsSchema();
  engine::TableChange change;
  change.insert_sql = lake::SelectRows(schema, {ToRow(run_id, entry, lake.clock().Now())});
  engine::ApplyOptions options;
  options.commit.operation = "WRITE";
  options.commit.run_id = run_id;
  for (int attempt = 1;; ++attempt) {
    auto report = lake.database().Apply(lake::TargetOf(schema), lake.Load(schema.name), change, options, lake.clock());
    const auto* conflict = std::get_if<delta::Conflict>(&report.outcome);
    if (conflict == nullptr) return;
    if (attempt == kAttemptsMax) {
      throw base::UnavailableError("the run cannot be entered in {}, others commit to it all the time: {}", schema.name,
                                   conflict->reason);
    }
  }
}

}  // namespace qlake::run
