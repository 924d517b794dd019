#include "run/runner.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "maintain/lake_restore.h"
#include "model/event_marts.h"
#include "model/left_out_marts.h"
#include "report/placeholders.h"
#include "run/closed_days.h"
#include "run/deadline.h"
#include "run/disk_space.h"
#include "run/open_run.h"
#include "run/published.h"
#include "run/run_entry.h"
#include "run/run_history.h"
#include "run/run_id.h"

namespace qlake::run {
namespace {

constexpr const char* kProcess = "process";
constexpr std::chrono::hours kSilentMax{24};  // A run holds the lease: who has it knows better.
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

base::Json Details(const RunReport& report, const RunRecord& steps) {
  base::Json tables = base::Json::object();
  for (const auto& table : report.process.tables) {
    tables[table.name] = {
        {"version", table.version}, {"inserted", table.rows_inserted}, {"removed", table.rows_removed}};
  }
  for (const auto& source : report.materialized) {
    if (source.files == 0) continue;
    tables[source.table] = {
        {"version", source.version}, {"inserted", source.rows_inserted}, {"removed", source.rows_removed}};
  }
  base::Json dumps = base::Json::array();
  for (const auto& dump : report.dumps) dumps.push_back(base::FormatDate(dump.date));
  return {{"corrections", report.ingest.corrections},
          {"batches", report.process.batches},
          {"tables", tables},
          {"dumps", dumps},
          {"steps", steps.ToJson()}};
}

// The others went on; what failed is told of as one failure of the machine's kind: the run is not done, whoever has to
// mend it. What an earlier try told of is not told again.
void ThrowPartFailures(const model::ProcessReport& report, size_t first) {
  if (report.failures.size() == first) return;
  std::string message;
  for (size_t i = first; i < report.failures.size(); ++i) {
    const auto& failure = report.failures[i];
    message += fmt::format("{}{}: {}", message.empty() ? "" : "; and: ", failure.part, failure.message);
  }
  throw base::IoError("{} (what does not depend on it went on; it is tried again the next time)", message);
}

// A dump of a mart that is behind would be one of half a day, and nobody would see it.
void RequireFreshMarts(const model::Project& project, const lake::Publication& publication, const std::string& sql) {
  for (const auto& mart : model::LeftOutMarts(project, publication)) {
    if (sql.find(mart) == std::string::npos) continue;
    throw base::IoError(
        "{} could not be brought up to date, and dumps are made of it: see qlake status, mend it, "
        "and run qlake process",
        mart);
  }
}

}  // namespace

Runner::Runner(lake::Lake& lake, const model::Project& project, RunSettings settings)
    : lake_(lake), project_(project), settings_(std::move(settings)), run_id_(NewRunId(lake.clock().Now())) {
  auto on_stage = std::move(settings_.on_stage);
  settings_.on_stage = [this, on_stage](const std::string& stage) {
    steps_.NoteStage(stage);
    if (on_stage) on_stage(stage);
  };
  auto on_batch = std::move(settings_.on_batch);
  settings_.on_batch = [this, on_batch](const model::BatchOutlook& outlook) {
    steps_.NoteReads(outlook.reads);
    if (on_batch) on_batch(outlook);
  };
}

RunReport Runner::Execute(const std::string& command, const std::function<void(lake::Writer&, RunReport&)>& body) {
  base::LogScope scope({run_id_, command});
  base::Timestamp started_at = lake_.clock().Now();
  RunReport report;
  report.run_id = run_id_;
  Deadline deadline(lake_, settings_.timeout);
  auto retries = settings_.retries;
  retries.is_cancelled = [&] {
    return deadline.is_over() || (settings_.retries.is_cancelled && settings_.retries.is_cancelled());
  };
  is_over_ = retries.is_cancelled;
  try {
    WithRetries(retries, [&] { Attempt(command, started_at, report, body); });
  } catch (const base::Error& error) {
    deadline.End();  // What is entered now shall not be interrupted, too.
    if (IsTriedAgain(error)) EnterLastFailure(command, started_at, report, error.message());
    if (!deadline.is_over() || error.kind() != base::ErrorKind::kUnavailable) throw;
    throw base::UnavailableError("{} took longer than run.timeout ({} ms); the next one goes on where it stopped ({})",
                                 command, settings_.timeout.count(), error.message());
  }
  return report;
}

void Runner::Attempt(const std::string& command, base::Timestamp started_at, RunReport& report,
                     const std::function<void(lake::Writer&, RunReport&)>& body) {
  RequireDiskSpace(lake_.options().root, settings_.free_bytes_min);
  lake::Writer writer(lake_, run_id_, settings_.lease_wait);
  EnterKilledRuns(writer);
  OpenRunNote note(
      lake_,
      {.run_id = run_id_, .command = command, .started_at = started_at, .holds_lease = true, .silent_max = kSilentMax});
  try {
    failures_.clear();
    body(writer, report);
    ThrowFailures();
  } catch (const std::exception& failure) {
    if (IsTriedAgain(failure)) throw;
    // The run failed; that it did is worth a row, but never worth hiding why.
    std::string why = MessageOf(failure);
    try {
      Enter(writer, command, started_at, report, why);
    } catch (const base::Error& second) {
      base::LogError("the failed run could not be entered in ops.runs", {{"why", second.message()}});
      note.Keep(why);
    }
    throw;
  }
  bool materialized = std::ranges::any_of(report.materialized, [](const auto& source) { return source.files > 0; });
  bool did_something = materialized || !report.ingest.taken.empty() || report.process.batches > 0 ||
                       !report.process.tables.empty() || !report.dumps.empty();
  if (did_something || MakesGood(lake_, command)) Enter(writer, command, started_at, report, "");
}

bool Runner::IsTriedAgain(const std::exception& failure) const {
  const auto* error = dynamic_cast<const base::Error*>(&failure);
  return error != nullptr && error->kind() == base::ErrorKind::kUnavailable && settings_.retries.retry_for.count() > 0;
}

// One row for all tries, when there will be no other. The lease was given back between them.
void Runner::EnterLastFailure(const std::string& command, base::Timestamp started_at, const RunReport& report,
                              const std::string& why) {
  try {
    lake::Writer writer(lake_, run_id_, std::chrono::milliseconds{0});
    Enter(writer, command, started_at, report, why);
  } catch (const base::Error& error) {
    base::LogWarn("the failed run could not be entered in ops.runs", {{"why", error.message()}});
    OpenRunNote note(lake_,
                     {.run_id = run_id_, .command = command, .started_at = started_at, .silent_max = kSilentMax});
    note.Keep(why);
  }
}

void Runner::TryStep(const std::string& name, const std::function<void()>& step) {
  if (done_.contains(name)) return;
  try {
    step();
    done_.insert(name);
  } catch (const base::Error& error) {
    bool is_cancelled = settings_.retries.is_cancelled && settings_.retries.is_cancelled();
    // Of what is unavailable the next attempt may have more; what is corrupt shall be left as it is.
    if (is_cancelled || error.kind() == base::ErrorKind::kUnavailable || error.kind() == base::ErrorKind::kCorrupt) {
      throw;
    }
    base::LogFailure("a step failed, those that do not need it go on", error.message(), {{"failed", name}});
    failures_.push_back(error);
  }
}

void Runner::ThrowFailures() {
  if (failures_.empty()) return;
  std::string message = failures_.front().message();
  for (size_t i = 1; i < failures_.size(); ++i) {
    // Dumps of many days may fail for one reason.
    if (message.find(failures_[i].message()) == std::string::npos) message += "; and: " + failures_[i].message();
  }
  throw base::Error(failures_.front().kind(), message);
}

void Runner::Enter(lake::Writer& writer, const std::string& command, base::Timestamp started_at,
                   const RunReport& report, const std::string& failure) {
  int64_t rows = 0;
  for (const auto& step : steps_.steps()) rows += step.step == kProcess ? step.rows : 0;
  EnterRun(writer, {command, started_at, failure, static_cast<int64_t>(report.ingest.taken.size()), rows,
                    Details(report, steps_)});
}

RunReport Runner::Ingest() {
  return Execute("ingest", [&](lake::Writer& writer, RunReport& report) { IngestInto(writer, report); });
}

RunReport Runner::Materialize() {
  return Execute("materialize", [&](lake::Writer& writer, RunReport& report) { MaterializeInto(writer, report); });
}

RunReport Runner::Process() {
  return Execute("process", [&](lake::Writer& writer, RunReport& report) {
    TryStep("process", [&] { ProcessInto(writer, report); });
    TryStep("marts of events", [&] { RefreshEventMartsInto(writer, report); });
  });
}

RunReport Runner::Run() {
  return Execute("run", [&](lake::Writer& writer, RunReport& report) {
    TryStep("ingest", [&] { IngestInto(writer, report); });
    TryStep("process", [&] { ProcessInto(writer, report); });
    TryStep("marts of events", [&] { RefreshEventMartsInto(writer, report); });
    DumpInto(DueDumps(), report);
    std::erase_if(report.dumps, [](const report::DumpReport& dump) { return dump.unchanged; });
  });
}

RunReport Runner::Dump(base::Date date) {
  return Execute("dump", [&](lake::Writer&, RunReport& report) { DumpInto({date}, report); });
}

RunReport Runner::DumpDue() {
  return Execute("dump", [&](lake::Writer&, RunReport& report) {
    DumpInto(DaysToDump(), report);
    std::erase_if(report.dumps, [](const report::DumpReport& dump) { return dump.unchanged; });
  });
}

void Runner::DumpInto(const std::vector<base::Date>& dates, RunReport& report) {
  steps_.Step("dump", nullptr, [&](StepRecord& step) {
    Say("writing dumps");
    if (!dates.empty()) RequireDiskSpace(settings_.dump_folder, settings_.free_bytes_min);
    size_t failures_before = failures_.size();
    for (base::Date date : dates) {
      TryStep("dump of " + base::FormatDate(date), [&] {
        auto dump = DumpDate(date);
        step.files += dump.unchanged ? 0 : 1;
        step.rows += dump.unchanged ? 0 : dump.rows;
        step.bytes += dump.unchanged ? 0 : static_cast<int64_t>(dump.bytes);
        report.dumps.push_back(std::move(dump));
      });
    }
    if (failures_.size() > failures_before) step.failure = failures_[failures_before].message();
  });
}

void Runner::Say(const std::string& stage) const {
  if (settings_.on_stage) settings_.on_stage(stage);
}

void Runner::IngestInto(lake::Writer& writer, RunReport& report) {
  steps_.Step("ingest", &writer, [&](StepRecord& step) {
    Say("ingesting");
    std::vector<lake::Source> sources;
    for (const auto& contract : project_.contracts()) sources.push_back(contract.ToSource());
    report.ingest = ingest::Ingest(writer, sources, {settings_.landing, settings_.hour, settings_.settle, is_over_},
                                   settings_.on_ingest);
    step.files = static_cast<int64_t>(report.ingest.taken.size());
    step.rows = report.ingest.rows;
    step.bytes = report.ingest.bytes;
  });
}

void Runner::MaterializeInto(lake::Writer& writer, RunReport& report) {
  auto revisions = lake::ReadFiles(lake_);
  for (const auto& contract : project_.contracts()) {
    Say("materializing " + contract.name);
    report.materialized.push_back(
        lake::Materialize(writer, contract.ToSource(), revisions, std::numeric_limits<int64_t>::max()));
  }
}

void Runner::ProcessInto(lake::Writer& writer, RunReport& report) {
  steps_.Step(kProcess, &writer, [&](StepRecord& step) {
    maintain::FinishRestore(writer);
    // What another engine computes with is not this process's memory.
    bool is_embedded = &lake_.engine() == &lake_.database();
    uint64_t bytes_max = is_embedded ? settings_.batch_bytes_max : std::numeric_limits<uint64_t>::max();
    // Batches that were published before one failed count, too; an earlier try may have published some.
    const auto before = report.process;
    auto account = [&] {
      step.files = report.process.files - before.files;
      step.bytes = report.process.bytes - before.bytes;
      for (size_t i = before.entries.size(); i < report.process.entries.size(); ++i) {
        step.rows += report.process.entries[i].rows_in;
      }
    };
    try {
      model::Process(writer, project_, {bytes_max, settings_.on_stage, settings_.on_batch}, report.process);
    } catch (...) {
      account();
      throw;
    }
    account();
    ThrowPartFailures(report.process, 0);
  });
}

void Runner::RefreshEventMartsInto(lake::Writer& writer, RunReport& report) {
  if (!model::EventMartsAreStale(lake_, project_)) return;
  steps_.Step("event marts", &writer, [&](StepRecord& step) {
    Say("refreshing marts of events");
    size_t failures_before = report.process.failures.size();
    auto refreshed = model::RefreshEventMarts(writer, project_, report.process.failures);
    report.event_marts = static_cast<int64_t>(refreshed.size());
    for (const auto& table : refreshed) step.rows += table.rows_inserted;
    report.process.tables.insert(report.process.tables.end(), refreshed.begin(), refreshed.end());
    ThrowPartFailures(report.process, failures_before);
  });
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

std::vector<base::Date> Runner::DaysToDump() {
  auto days = ClosedDays(lake::ReadLedger(lake_), lake_.clock().Now());
  for (base::Date date : report::DumpedDates(settings_.dump_folder)) days.insert(date);
  return {days.begin(), days.end()};
}

report::DumpReport Runner::DumpDate(base::Date date) {
  std::string query = QueryText(project_, kDumpQuery, date);
  std::string left_out = QueryText(project_, kLeftOutQuery, date);
  auto publication = RequirePublished(lake_, lake_.engine(), project_, std::nullopt, query + left_out);
  RequireFreshMarts(project_, publication, query + left_out);
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
