#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/json.h"
#include "cli/answer.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/quantity.h"
#include "run/run_history.h"

namespace qlake::cli {
namespace {

constexpr int64_t kRunsShown = 20;

struct Options {
  std::string format = "table";
  int64_t limit = kRunsShown;
  std::string id;
};

std::optional<double> SecondsOf(const run::PastRun& run) {
  if (!run.finished_at) return std::nullopt;
  return static_cast<double>(run.finished_at->us - run.started_at.us) / 1e6;
}

int ExecuteList(Context& context, const Options& options) {
  AnswerOptions answer;
  answer.format = options.format;
  auto format = FormatOf(context, answer);
  if (options.limit < 0) throw base::InputError("--limit must be 0 (all) or more: {}", options.limit);
  OpenLake lake(context, IfAbsent::kRefuse);
  engine::Result rows;
  rows.columns = {{"run_id", "VARCHAR"},
                  {"command", "VARCHAR"},
                  {"state", "VARCHAR"},
                  {"started_at", "TIMESTAMP WITH TIME ZONE"},
                  {"seconds", "DOUBLE", false, true},
                  {"files", "BIGINT", true, true},
                  {"rows", "BIGINT", true, true},
                  {"message", "VARCHAR"}};
  for (const auto& run : run::ReadRuns(*lake, static_cast<size_t>(options.limit))) {
    auto seconds = SecondsOf(run);
    rows.rows.push_back({run.run_id, run.command, run.state, base::FormatTimestamp(run.started_at),
                         seconds ? engine::ResultCell(fmt::format("{:.1f}", *seconds)) : std::nullopt,
                         std::to_string(run.files), std::to_string(run.rows),
                         run.message.empty() ? std::nullopt : engine::ResultCell(run.message)});
  }
  WriteRows(context, rows, format);
  return kExitDone;
}

base::Json ToJson(const run::PastRun& run, const std::vector<run::RunCommit>& commits) {
  base::Json json = {{"run_id", run.run_id},
                     {"command", run.command},
                     {"state", run.state},
                     {"started_at", base::FormatTimestamp(run.started_at)},
                     {"finished_at", run.finished_at ? base::Json(base::FormatTimestamp(*run.finished_at)) : nullptr},
                     {"message", run.message.empty() ? base::Json(nullptr) : base::Json(run.message)},
                     {"files", run.files},
                     {"rows", run.rows},
                     {"details", run.details}};
  if (!commits.empty()) {
    json["commits"] = base::Json::array();
    for (const auto& commit : commits) {
      json["commits"].push_back(
          {{"table", commit.table}, {"version", commit.version}, {"operation", commit.operation}});
    }
  }
  return json;
}

std::string CellOf(const base::Json& json, const char* key) {
  auto value = json.value(key, base::Json(nullptr));
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

std::string CountIn(const base::Json& json, const char* key) { return FormatCount(json.value(key, int64_t{0})); }
std::string BytesIn(const base::Json& json, const char* key) { return FormatBytes(json.value(key, uint64_t{0})); }

// What a step wrote, a line a table, and of what it only read the versions.
void PrintTables(Context& context, const base::Json& steps) {
  engine::Result rows;
  rows.columns = {{"table", "VARCHAR"},
                  {"step", "VARCHAR"},
                  {"version_in", "BIGINT", true, true},
                  {"version_out", "BIGINT", true, true},
                  {"inserted", "BIGINT", true, true},
                  {"removed", "BIGINT", true, true},
                  {"written", "VARCHAR", true, true}};
  for (const auto& step : steps) {
    const auto written = step.value("tables", base::Json::object());
    for (const auto& [table, change] : written.items()) {
      bool is_new = change.value("from", int64_t{-1}) < 0;
      rows.rows.push_back({table, CellOf(step, "step"), is_new ? "" : CellOf(change, "from"), CellOf(change, "to"),
                           CountIn(change, "inserted"), CountIn(change, "removed"), BytesIn(change, "bytes_written")});
    }
    const auto reads = step.value("reads", base::Json::object());
    for (const auto& [table, version] : reads.items()) {
      if (written.contains(table) || !version.is_number_integer() || version.get<int64_t>() < 0) continue;
      rows.rows.push_back({table, CellOf(step, "step"), version.dump(), "", "", "", ""});
    }
  }
  if (rows.rows.empty()) return;
  context.out << "\n";
  WriteRows(context, rows, report::Format::kTable);
}

void PrintSteps(Context& context, const base::Json& steps) {
  engine::Result rows;
  rows.columns = {{"step", "VARCHAR"},
                  {"state", "VARCHAR"},
                  {"time", "VARCHAR", true, true},
                  {"files", "BIGINT", true, true},
                  {"rows", "BIGINT", true, true},
                  {"bytes", "VARCHAR", true, true},
                  {"peak_memory", "VARCHAR", true, true},
                  {"stage", "VARCHAR"}};
  for (const auto& step : steps) {
    std::string stage = CellOf(step, "stage");
    rows.rows.push_back({CellOf(step, "step"), CellOf(step, "state"), FormatSeconds(step.value("seconds", 0.0)),
                         CountIn(step, "files"), CountIn(step, "rows"), BytesIn(step, "bytes"),
                         BytesIn(step, "peak_memory_bytes"), stage});
  }
  if (rows.rows.empty()) return;
  context.out << "\n";
  WriteRows(context, rows, report::Format::kTable);
}

void Print(Context& context, const run::PastRun& run, const std::vector<run::RunCommit>& commits) {
  auto& out = context.out;
  auto seconds = SecondsOf(run);
  out << "run " << run.run_id << " (" << run.command << "): " << run.state;
  if (!run.message.empty()) out << ": " << run.message;
  out << "\nbegan " << base::FormatTimestamp(run.started_at);
  if (seconds) out << ", took " << FormatSeconds(*seconds);
  if (run.details.contains("host"))
    out << ", pid " << CellOf(run.details, "pid") << " on " << CellOf(run.details, "host");
  out << "; " << FormatCount(run.files) << " files, " << FormatCount(run.rows) << " rows\n";
  auto steps = run.details.value("steps", base::Json::array());
  PrintSteps(context, steps);
  PrintTables(context, steps);
  for (const auto& commit : commits) {
    out << "committed " << commit.table << " version " << commit.version << " (" << commit.operation << ")\n";
  }
}

int ExecuteShow(Context& context, const Options& options) {
  OpenLake lake(context, IfAbsent::kRefuse);
  auto run = run::FindRun(*lake, options.id);
  std::vector<run::RunCommit> commits;
  if (!run.details.contains("steps")) commits = run::FindCommits(*lake, run.run_id);
  if (context.json) {
    context.out << ToJson(run, commits).dump(2, ' ', false, base::Json::error_handler_t::replace) << "\n";
  } else {
    Print(context, run, commits);
  }
  return kExitDone;
}

}  // namespace

void AddRuns(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  auto& runs = line.Add(app, "runs", "Runs of commands that write: what each did, how long it took, why it failed",
                        WithHdfsKeys({"lake"}),
                        "  qlake runs --lake lake\n  qlake runs --limit 100 --format csv\n"
                        "  qlake runs show 20230520T140307-1a2b3c4d");
  runs.add_option("--limit", options->limit, "at most so many, newest first; 0: all [20]");
  runs.add_option("--format", options->format, "table, csv, json, markdown or html [table]");
  auto& show = line.Add(runs, "show", "One run: its steps with rows, bytes, time, memory, and its tables' versions",
                        WithHdfsKeys({"lake"}),
                        "  qlake runs show 20230520T140307-1a2b3c4d\n  qlake runs show 20230520T1403 --json");
  show.add_option("run_id", options->id, "id of the run, or its beginning")->required();
  show.callback(
      [&line, options] { line.command = [options](Context& context) { return ExecuteShow(context, *options); }; });
  runs.callback([&line, &runs, options] {
    if (!runs.get_subcommands().empty()) return;
    line.command = [options](Context& context) { return ExecuteList(context, *options); };
  });
}

}  // namespace qlake::cli
