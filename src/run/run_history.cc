#include "run/run_history.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "delta/history.h"
#include "run/open_run.h"

namespace qlake::run {
namespace {

constexpr size_t kVersionsLookedAt = 50;
constexpr size_t kRunsLookedAt = 100;

// Commands that do the work of others, too.
std::set<std::string> DoneWith(const std::string& command) {
  if (command == "run") return {"run", "ingest", "process", "dump"};
  if (command == "process") return {"process", "run"};
  return {command};
}

base::Timestamp TimeIn(const engine::ResultCell& cell) {
  return base::ParseTimestamp(cell.value_or("")).value_or(base::Timestamp{});
}

PastRun FromRow(const engine::ResultRow& row) {
  PastRun run;
  run.run_id = row[0].value_or("");
  run.command = row[1].value_or("");
  run.state = row[2].value_or("");
  run.started_at = TimeIn(row[3]);
  run.finished_at = TimeIn(row[4]);
  run.message = row[5].value_or("");
  run.files = engine::IntegerOf(row[6]);
  run.rows = engine::IntegerOf(row[7]);
  auto details = base::Json::parse(row[8].value_or("{}"), nullptr, false);
  if (details.is_object()) run.details = std::move(details);
  return run;
}

PastRun FromOpen(const OpenRun& open, base::Timestamp now) {
  PastRun run;
  run.run_id = open.run_id;
  run.command = open.command;
  run.started_at = open.started_at;
  run.details = {{"host", open.host}, {"pid", open.pid}};
  switch (LifeOf(open, now)) {
    case Life::kRuns:
      run.state = "running";
      break;
    case Life::kUnknown:
      run.state = "unknown";
      run.message = "it runs on host " + open.host + ", or was killed there";
      break;
    case Life::kEnded:
      run.state = open.failure.empty() ? "killed" : "failed";
      run.message = open.failure.empty() ? "the process ended without a word; what it committed stands" : open.failure;
      run.finished_at = open.seen_at;
      break;
  }
  return run;
}

// `clauses`: what follows the table.
std::vector<PastRun> ReadEntered(lake::Lake& lake, const std::string& clauses) {
  auto snapshot = lake.Load(lake::kOpsRuns);
  if (!snapshot) return {};
  lake.Define(lake::RunsSchema(), snapshot);
  auto result = lake.database().Query(
      "SELECT run_id, command, state, started_at, finished_at, message, files, rows, details FROM ops.runs " + clauses);
  std::vector<PastRun> runs;
  for (const auto& row : result.rows) runs.push_back(FromRow(row));
  return runs;
}

// The rows that `clauses` asks for, and the runs without a row, newest first.
std::vector<PastRun> ReadAll(lake::Lake& lake, const std::string& clauses) {
  auto open = ReadOpenRuns(lake);  // First: a run that ends meanwhile is seen twice, and not never.
  auto runs = ReadEntered(lake, clauses);
  std::set<std::string> entered;
  for (const auto& run : runs) entered.insert(run.run_id);
  for (const auto& run : open) {
    if (!entered.contains(run.run_id)) runs.push_back(FromOpen(run, lake.clock().Now()));
  }
  std::ranges::stable_sort(runs, std::ranges::greater(),
                           [](const PastRun& run) { return std::pair(run.started_at.us, run.run_id); });
  return runs;
}

}  // namespace

std::vector<PastRun> ReadRuns(lake::Lake& lake, size_t limit) {
  std::string clauses = "ORDER BY started_at DESC, run_id DESC";
  if (limit > 0) clauses += fmt::format(" LIMIT {}", limit);
  auto runs = ReadAll(lake, clauses);
  if (limit > 0 && runs.size() > limit) runs.resize(limit);
  return runs;
}

std::vector<PastRun> FailuresNotMadeGood(const std::vector<PastRun>& runs) {
  std::vector<PastRun> failures;
  std::set<std::string> judged;  // Commands whose last run we have seen.
  for (const auto& run : runs) {
    bool has_ended = run.state != "running" && run.state != "unknown";
    bool is_newest = judged.insert(run.command).second;
    if (has_ended && is_newest && run.state != "done") failures.push_back(run);
    if (run.state == "done") judged.merge(DoneWith(run.command));
  }
  return failures;
}

bool MakesGood(lake::Lake& lake, const std::string& command) {
  auto runs = ReadRuns(lake, kRunsLookedAt);
  // The run itself is under way.
  std::erase_if(runs, [](const PastRun& run) { return run.state == "running"; });
  auto done = DoneWith(command);
  return std::ranges::any_of(FailuresNotMadeGood(runs), [&](const PastRun& run) { return done.contains(run.command); });
}

PastRun FindRun(lake::Lake& lake, const std::string& id_prefix) {
  auto runs = ReadAll(
      lake, fmt::format("WHERE starts_with(run_id, {}) ORDER BY run_id LIMIT 10", engine::QuoteLiteral(id_prefix)));
  std::erase_if(runs, [&](const PastRun& run) { return !run.run_id.starts_with(id_prefix); });
  if (runs.empty()) throw base::InputError("there is no run of that id, see qlake runs: {}", id_prefix);
  if (runs.size() > 1) {
    throw base::InputError("several runs begin so, {} and {} among them: {}", runs[0].run_id, runs[1].run_id,
                           id_prefix);
  }
  return runs.front();
}

std::vector<RunCommit> FindCommits(lake::Lake& lake, const std::string& run_id) {
  std::vector<RunCommit> commits;
  for (const auto& table : lake.TableNames()) {
    for (const auto& entry : delta::ReadHistory(lake.storage(), lake::TablePath(table), kVersionsLookedAt)) {
      if (entry.run_id == run_id) commits.push_back({table, entry.version, entry.operation});
    }
  }
  return commits;
}

}  // namespace qlake::run
