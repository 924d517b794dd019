#include "run/runner.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "maintain/lake_restore.h"
#include "model/event_marts.h"
#include "report/placeholders.h"
#include "run/published.h"
#include "run/run_entry.h"
#include "run/run_id.h"

namespace qlake::run {
namespace {

constexpr const char* kDumpQuery = "reports/b2b_dump.sql";
constexpr const char* kLeftOutQuery = "reports/b2b_left_out.sql";

std::string QueryText(const model::Project& project, const std::string& path, base::Date date) {
  for (const auto& file : project.files()) {
    if (file.path != path) continue;
    return report::ReplacePlaceholders(file.text, [&](std::string_view name, int line) {
      if (name != "date") throw base::InputError("{}:{}: unknown placeholder, known is $date: ${}", path, line, name);
      return "DATE " + engine::QuoteLiteral(base::FormatDate(date));
    });
  }
  throw base::InputError("the project has no {}", path);
}

base::Json Details(const RunReport& report) {
  base::Json tables = base::Json::object();
  for (const auto& table : report.process.tables) {
    tables[table.name] = {
        {"version", table.version}, {"inserted", table.rows_inserted}, {"removed", table.rows_removed}};
  }
  base::Json dumps = base::Json::array();
  for (const auto& dump : report.dumps) dumps.push_back(base::FormatDate(dump.date));
  return {{"corrections", report.ingest.corrections},
          {"batches", report.process.batches},
          {"tables", tables},
          {"dumps", dumps}};
}

}  // namespace

Runner::Runner(lake::Lake& lake, const model::Project& project, RunSettings settings)
    : lake_(lake), project_(project), settings_(std::move(settings)), run_id_(NewRunId(lake.clock().Now())) {}

RunReport Runner::Execute(const std::string& command, const std::function<void(lake::Writer&, RunReport&)>& body) {
  base::SetLogContext({run_id_, command});
  base::Timestamp started_at = lake_.clock().Now();
  lake::Writer writer(lake_, run_id_, settings_.lease_wait);
  RunReport report;
  report.run_id = run_id_;
  try {
    body(writer, report);
  } catch (const base::Error& error) {
    // The run failed; that it did is worth a row, but never worth hiding why.
    try {
      Enter(writer, command, started_at, report, error.message());
    } catch (const base::Error& second) {
      base::LogError("the failed run could not be entered in ops.runs", {{"why", second.message()}});
    }
    throw;
  }
  bool did_something =
      !report.ingest.taken.empty() || report.process.batches > 0 || !report.dumps.empty() || report.event_marts > 0;
  if (did_something) Enter(writer, command, started_at, report, "");
  return report;
}

void Runner::Enter(lake::Writer& writer, const std::string& command, base::Timestamp started_at,
                   const RunReport& report, const std::string& failure) {
  int64_t rows = 0;
  for (const auto& entry : report.process.entries) rows += entry.rows_in;
  EnterRun(writer,
           {command, started_at, failure, static_cast<int64_t>(report.ingest.taken.size()), rows, Details(report)});
}

RunReport Runner::Ingest() {
  return Execute("ingest", [&](lake::Writer& writer, RunReport& report) { IngestInto(writer, report); });
}

RunReport Runner::Process() {
  return Execute("process", [&](lake::Writer& writer, RunReport& report) { ProcessInto(writer, report); });
}

RunReport Runner::Run() {
  return Execute("run", [&](lake::Writer& writer, RunReport& report) {
    IngestInto(writer, report);
    ProcessInto(writer, report);
    Say("writing dumps");
    for (base::Date date : DueDumps()) report.dumps.push_back(DumpDate(date));
    std::erase_if(report.dumps, [](const report::DumpReport& dump) { return dump.unchanged; });
  });
}

RunReport Runner::Dump(base::Date date) {
  return Execute("dump", [&](lake::Writer&, RunReport& report) { report.dumps.push_back(DumpDate(date)); });
}

void Runner::Say(const std::string& stage) const {
  if (settings_.on_stage) settings_.on_stage(stage);
}

void Runner::IngestInto(lake::Writer& writer, RunReport& report) {
  Say("ingesting");
  std::vector<lake::Source> sources;
  for (const auto& contract : project_.contracts()) sources.push_back(contract.ToSource());
  report.ingest =
      ingest::Ingest(writer, sources, {settings_.landing, settings_.hour, settings_.settle}, settings_.on_ingest);
}

void Runner::ProcessInto(lake::Writer& writer, RunReport& report) {
  maintain::FinishRestore(writer);
  report.process =
      model::Process(writer, project_, {settings_.batch_bytes_max, settings_.on_stage, settings_.on_batch});
  if (!model::EventMartsAreStale(lake_, project_)) return;
  Say("refreshing marts of events");
  auto refreshed = model::RefreshEventMarts(writer, project_);
  report.event_marts = static_cast<int64_t>(refreshed.size());
  report.process.tables.insert(report.process.tables.end(), refreshed.begin(), refreshed.end());
}

// Dates that were dumped before, and the day before the newest data hour.
std::vector<base::Date> Runner::DueDumps() {
  std::set<base::Date> dates;
  for (base::Date date : report::DumpedDates(settings_.dump_folder)) dates.insert(date);
  std::optional<base::Hour> newest;
  for (const auto& entry : lake::ReadLedger(lake_)) newest = std::max(newest.value_or(entry.hour), entry.hour);
  if (newest) dates.insert({base::DateOf(*newest).days - 1});
  return {dates.begin(), dates.end()};
}

report::DumpReport Runner::DumpDate(base::Date date) {
  std::string query = QueryText(project_, kDumpQuery, date);
  std::string left_out = QueryText(project_, kLeftOutQuery, date);
  auto publication = RequirePublished(lake_, lake_.engine(), project_, std::nullopt, query + left_out);
  report::DumpRequest request;
  request.folder = settings_.dump_folder;
  request.date = date;
  request.query_sql = query;
  request.left_out_sql = left_out;
  for (const auto& [table, version] : publication.tables) {
    // Only what the queries read: an unrelated table's new version changes no dump.
    if (query.find(table) != std::string::npos || left_out.find(table) != std::string::npos)
      request.versions[table] = version;
  }
  request.as_of = publication.committed_at;
  request.run_id = run_id_;
  return report::WriteDump(lake_.engine(), request);
}

}  // namespace qlake::run
