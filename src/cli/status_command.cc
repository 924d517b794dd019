#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/context.h"
#include "cli/open_lake.h"
#include "lake/records.h"
#include "model/plan.h"
#include "run/published.h"

namespace qlake::cli {
namespace {

base::Json LastRun(lake::Lake& lake) {
  auto snapshot = lake.Load(lake::kOpsRuns);
  if (!snapshot) return nullptr;
  lake.Define(lake::RunsSchema(), snapshot);
  auto result = lake.database().Query(
      "SELECT run_id, command, state, finished_at, message FROM ops.runs ORDER BY finished_at DESC, run_id DESC LIMIT "
      "1");
  if (result.rows.empty()) return nullptr;
  const auto& row = result.rows.front();
  return {{"run_id", row[0].value_or("")},
          {"command", row[1].value_or("")},
          {"state", row[2].value_or("")},
          {"finished_at", row[3].value_or("")},
          {"message", row[4].value_or("")}};
}

base::Json Describe(lake::Lake& lake, const model::Project& project) {
  auto files = lake::CurrentFiles(lake::ReadFiles(lake));
  auto publication = lake::ReadPublication(lake);
  int64_t waiting = 0;
  for (const auto& file : files) waiting += !publication || file.seq > publication->to_seq ? 1 : 0;
  auto intent = lake::ReadLastIntent(lake, model::kProcessApp);
  bool interrupted = intent && (!publication || intent->to_seq > publication->to_seq);
  base::Json sources = base::Json::object();
  for (const auto& contract : project.contracts()) {
    base::Json source = {{"files", 0},  {"newest_hour", nullptr}, {"rows_in", 0},
                         {"loaded", 0}, {"quarantined", 0},       {"duplicate", 0}};
    for (const auto& entry : lake::ReadLedger(lake)) {
      if (entry.source != contract.name) continue;
      source["files"] = source["files"].get<int64_t>() + 1;
      source["newest_hour"] = base::FormatHour(entry.hour);
      source["rows_in"] = source["rows_in"].get<int64_t>() + entry.rows_in;
      source["loaded"] = source["loaded"].get<int64_t>() + entry.loaded;
      source["quarantined"] = source["quarantined"].get<int64_t>() + entry.quarantined;
      source["duplicate"] = source["duplicate"].get<int64_t>() + entry.duplicate;
    }
    sources[contract.name] = source;
  }
  return {{"lake", lake.options().root},
          {"published_at",
           publication ? base::Json(base::FormatTimestamp(publication->committed_at)) : base::Json(nullptr)},
          {"files_waiting", waiting},
          {"interrupted_run", interrupted ? base::Json(intent->run_id) : base::Json(nullptr)},
          {"last_run", LastRun(lake)},
          {"sources", sources}};
}

void Print(std::ostream& out, const base::Json& status) {
  auto text = [](const base::Json& value) {
    return value.is_string() ? value.get<std::string>() : std::string("never");
  };
  out << "lake " << text(status["lake"]) << ", last published " << text(status["published_at"]) << "\n";
  int64_t waiting = status["files_waiting"].get<int64_t>();
  out << (waiting == 0 ? "every file is processed\n" : fmt::format("{} files wait: qlake process\n", waiting));
  if (status["interrupted_run"].is_string()) {
    out << "run " << text(status["interrupted_run"]) << " did not finish: qlake process ends it\n";
  }
  if (const auto& last = status["last_run"]; last.is_object()) {
    out << "last run " << text(last["run_id"]) << " (" << text(last["command"]) << ") " << text(last["state"]) << " at "
        << text(last["finished_at"]);
    if (last["state"] == "failed") out << ": " << text(last["message"]);
    out << "\n";
  }
  for (const auto& [name, source] : status["sources"].items()) {
    out << fmt::format("{:<20} {:>6} files, newest hour {}: {} rows in = {} loaded + {} quarantined + {} duplicate\n",
                       name, source["files"].get<int64_t>(), text(source["newest_hour"]),
                       source["rows_in"].get<int64_t>(), source["loaded"].get<int64_t>(),
                       source["quarantined"].get<int64_t>(), source["duplicate"].get<int64_t>());
  }
}

}  // namespace

void AddStatus(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "status", "What is in the lake, what waits, what failed", {"project", "lake"},
                           "  qlake status --lake lake\n  qlake status --json");
  command.callback([&line] {
    line.command = [](Context& context) {
      OpenLake lake(context, IfAbsent::kRefuse);
      auto status = Describe(*lake, context.LoadProject());
      if (context.json) {
        context.out << status.dump(2) << "\n";
      } else {
        Print(context.out, status);
      }
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
