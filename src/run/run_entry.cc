#include "run/run_entry.h"

#include <optional>

#include "base/error.h"
#include "delta/lost_races.h"
#include "run/open_run.h"

namespace qlake::run {
namespace {

constexpr int kAttemptsMax = 20;
constexpr const char* kKilled =
    "the process ended without a word; what it committed stands, and the next run goes on from there";

lake::TextRow ToRow(const std::string& run_id, const RunEntry& entry, base::Timestamp finished_at) {
  bool is_done = entry.failure.empty();
  base::Json details = entry.details;
  if (int64_t conflicts = delta::LostRaces(); conflicts > 0) details["commit_conflicts"] = conflicts;
  return {run_id,
          entry.command,
          base::FormatTimestamp(entry.started_at),
          base::FormatTimestamp(finished_at),
          is_done ? "done" : "failed",
          is_done ? std::optional<std::string>() : entry.failure,
          std::to_string(entry.files),
          std::to_string(entry.rows),
          details.dump()};
}

// Of a killed run nobody knows more: what it committed names it, too.
lake::TextRow ToRow(const OpenRun& run) {
  base::Json details = {{"host", run.host}, {"pid", run.pid}};
  return {run.run_id,
          run.command,
          base::FormatTimestamp(run.started_at),
          base::FormatTimestamp(run.seen_at),
          run.failure.empty() ? "killed" : "failed",
          run.failure.empty() ? kKilled : run.failure,
          "0",
          "0",
          details.dump()};
}

}  // namespace

void EnterKilledRun(lake::Writer& writer, const OpenRun& run) { writer.Append(lake::RunsSchema(), {ToRow(run)}); }

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
