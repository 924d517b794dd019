#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "ingest/ingest.h"
#include "lake/lake.h"
#include "lake/raw_rows.h"
#include "lake/writer.h"
#include "model/process.h"
#include "model/project.h"
#include "report/dump.h"
#include "run/retries.h"
#include "run/run_record.h"

namespace qlake::run {

struct RunSettings {
  std::string landing;
  std::string dump_folder;
  std::optional<base::Hour> hour;
  std::chrono::seconds settle{0};
  std::chrono::milliseconds lease_wait{10'000};
  uint64_t batch_bytes_max = uint64_t{512} << 20;
  RetryOptions retries;                  // While the lease, or what a step asks, is not to be had.
  std::chrono::milliseconds timeout{0};  // For all of it; 0: none.
  uint64_t free_bytes_min = 0;           // Of the disks that are written to, before anything is.
  // As model::ProcessOptions says; of a run also "ingesting" and "writing dumps".
  std::function<void(const std::string& stage)> on_stage;
  std::function<void(const model::BatchOutlook& outlook)> on_batch;
  std::function<void(const engine::ScanProgress&)> on_ingest;  // How far it has come, from any thread, one at a time.
};

// What one execution did; parts that it did not do are empty.
struct RunReport {
  std::string run_id;
  ingest::IngestReport ingest;
  std::vector<lake::MaterializeReport> materialized;  // Of each source.
  model::ProcessReport process;
  int64_t event_marts = 0;  // That were refreshed.
  std::vector<report::DumpReport> dumps;
};

// Executes the steps of one command under the lake's lease, in order, and enters the execution in ops.runs. A failed
// step is entered too, and thrown on. Steps of a run that do not depend on one that failed are done before: what is in
// the lake is processed when the landing zone cannot be read, marts of events and dumps do not wait for the mending of
// a contract. Error{kCorrupt} ends it at once. What was done before a step has to be tried again is not done twice.
class Runner {
 public:
  Runner(lake::Lake& lake, const model::Project& project, RunSettings settings);

  RunReport Ingest();
  RunReport Materialize();  // The rows of received files as tables, for engines that do not read the files.
  RunReport Process();
  // ingest, process, then dumps: dates dumped before whose tables have changed since, and the day before the newest
  // hour.
  RunReport Run();
  RunReport Dump(base::Date date);
  // Of every day with data hours that is over, by the data or by the clock, and has no dump; and of dates dumped before
  // whose tables have changed since. So no day is lost with the wake-up that was meant for it.
  RunReport DumpDue();

  const std::string& run_id() const { return run_id_; }

 private:
  RunReport Execute(const std::string& command, const std::function<void(lake::Writer&, RunReport&)>& body);
  void Attempt(const std::string& command, base::Timestamp started_at, RunReport& report,
               const std::function<void(lake::Writer&, RunReport&)>& body);
  // Does a step unless an attempt before has; the failure is thrown by ThrowFailures(), behind those that go on.
  void TryStep(const std::string& name, const std::function<void()>& step);
  void ThrowFailures();
  bool IsTriedAgain(const std::exception& failure) const;  // As long as the time for that lasts.
  void EnterLastFailure(const std::string& command, base::Timestamp started_at, const RunReport& report,
                        const std::string& why);
  void Enter(lake::Writer& writer, const std::string& command, base::Timestamp started_at, const RunReport& report,
             const std::string& failure);
  void IngestInto(lake::Writer& writer, RunReport& report);
  void MaterializeInto(lake::Writer& writer, RunReport& report);
  void ProcessInto(lake::Writer& writer, RunReport& report);
  void RefreshEventMartsInto(lake::Writer& writer, RunReport& report);
  void DumpInto(const std::vector<base::Date>& dates, RunReport& report);
  report::DumpReport DumpDate(base::Date date);
  std::vector<base::Date> DueDumps();
  std::vector<base::Date> DaysToDump();
  void Say(const std::string& stage) const;

  lake::Lake& lake_;
  const model::Project& project_;
  RunSettings settings_;
  std::string run_id_;
  std::set<std::string> done_;  // Steps of this command.
  std::vector<base::Error> failures_;
  std::function<bool()> is_over_;  // Whether the run shall end: its time is over, or somebody asks it to.
  RunRecord steps_;
};

}  // namespace qlake::run
