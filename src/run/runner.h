#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/ingest.h"
#include "lake/lake.h"
#include "lake/writer.h"
#include "model/process.h"
#include "model/project.h"
#include "report/dump.h"

namespace qlake::run {

struct RunSettings {
  std::string landing;
  std::string dump_folder;
  std::optional<base::Hour> hour;
  std::chrono::seconds settle{0};
  std::chrono::milliseconds lease_wait{10'000};
  uint64_t batch_bytes_max = uint64_t{512} << 20;
  // As model::ProcessOptions says; of a run also "ingesting" and "writing dumps".
  std::function<void(const std::string& stage)> on_stage;
  std::function<void(const model::BatchOutlook& outlook)> on_batch;
  std::function<void(const engine::ScanProgress&)> on_ingest;  // How far it has come, from any thread, one at a time.
};

// What one execution did; parts that it did not do are empty.
struct RunReport {
  std::string run_id;
  ingest::IngestReport ingest;
  model::ProcessReport process;
  int64_t event_marts = 0;  // That were refreshed.
  std::vector<report::DumpReport> dumps;
};

// Executes the steps of one command under the lake's lease, in order, and enters the execution in ops.runs. A failed
// step is entered too, and thrown on.
class Runner {
 public:
  Runner(lake::Lake& lake, const model::Project& project, RunSettings settings);

  RunReport Ingest();
  RunReport Process();
  // ingest, process, then dumps: dates dumped before whose tables have changed since, and the day before the newest
  // hour.
  RunReport Run();
  RunReport Dump(base::Date date);

  const std::string& run_id() const { return run_id_; }

 private:
  RunReport Execute(const std::string& command, const std::function<void(lake::Writer&, RunReport&)>& body);
  void Enter(lake::Writer& writer, const std::string& command, base::Timestamp started_at, const RunReport& report,
             const std::string& failure);
  void IngestInto(lake::Writer& writer, RunReport& report);
  void ProcessInto(lake::Writer& writer, RunReport& report);
  report::DumpReport DumpDate(base::Date date);
  std::vector<base::Date> DueDumps();
  void Say(const std::string& stage) const;

  lake::Lake& lake_;
  const model::Project& project_;
  RunSettings settings_;
  std::string run_id_;
};

}  // namespace qlake::run
