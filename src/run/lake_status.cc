#include "run/lake_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "ingest/landing.h"
#include "lake/records.h"
#include "model/event_marts.h"
#include "model/left_out_marts.h"
#include "model/plan.h"
#include "report/dump.h"
#include "run/closed_days.h"
#include "run/disk_space.h"
#include "run/event_hours.h"

namespace qlake::run {
namespace {

constexpr size_t kRunsLookedAt = 500;

std::string Files(int64_t count) { return count == 1 ? "1 file" : fmt::format("{} files", count); }

class StatusReader {
 public:
  StatusReader(lake::Lake& lake, const model::Project& project, const StatusOptions& options)
      : lake_(lake), project_(project), options_(options) {}

  LakeStatus Read() {
    status_.now = lake_.clock().Now();
    files_ = lake::CurrentFiles(lake::ReadFiles(lake_));
    ledger_ = lake::ReadLedger(lake_);
    publication_ = lake::ReadPublication(lake_);
    if (publication_) status_.published_at = publication_->committed_at;
    ReadSources();
    ReadStreams();
    ReadLastRuns();
    ReadDue();
    ReadSizes();
    return std::move(status_);
  }

 private:
  void ReadSources() {
    std::vector<std::string> names;
    for (const auto& contract : project_.contracts()) names.push_back(contract.name);
    std::map<std::string, int64_t> processed;
    for (const auto& entry : ledger_) processed[entry.file_id] = entry.seq;
    for (auto& calendar : BuildCalendar(names, files_, processed, options_.expectations, status_.now)) {
      SourceStatus source;
      source.source = calendar.source;
      for (const auto& entry : ledger_) {
        if (entry.source != source.source) continue;
        ++source.files;
        source.rows_in += entry.rows_in;
        source.loaded += entry.loaded;
        source.quarantined += entry.quarantined;
        source.duplicate += entry.duplicate;
      }
      source.calendar = std::move(calendar);
      status_.sources.push_back(std::move(source));
    }
    for (const auto& file : files_) status_.files_waiting += !publication_ || file.seq > publication_->to_seq ? 1 : 0;
  }

  void ReadStreams() {
    for (const auto& shape : project_.events()) {
      StreamStatus stream;
      stream.name = shape.name;
      for (const auto& account : stream::ReadTopicLedger(lake_, shape)) {
        PartitionStatus partition{account, std::nullopt};
        auto end = options_.end_offset ? options_.end_offset(account) : std::nullopt;
        if (end) partition.lag = std::max<int64_t>(0, *end - account.offsets);
        stream.partitions.push_back(std::move(partition));
      }
      if (stream.partitions.empty()) continue;
      if (auto snapshot = lake_.Load(lake::EventsSchema(shape).name)) {
        stream.last_commit_at = base::Timestamp{snapshot->timestamp_ms() * 1000};
        stream.newest_hour = NewestEventHour(*snapshot);
      }
      status_.streams.push_back(std::move(stream));
    }
  }

  void ReadLastRuns() {
    auto runs = ReadRuns(lake_, kRunsLookedAt);
    for (const auto& run : runs) {
      if (run.state == "running" || run.state == "unknown") {
        status_.running.push_back(run);
      } else if (!status_.last_run) {
        status_.last_run = run;
      }
    }
    status_.failures = FailuresNotMadeGood(runs);
  }

  void ReadDue() {
    auto add = [this](std::string what, std::string command) {
      status_.due.push_back({std::move(what), std::move(command)});
    };
    if (int64_t landed = CountLanded(); landed > 0)
      add(Files(landed) + " of the landing zone to be taken in", "qlake ingest");
    if (status_.files_waiting > 0) add(Files(status_.files_waiting) + " to be processed", "qlake process");
    auto intent = lake::ReadLastIntent(lake_, model::kProcessApp);
    if (intent && (!publication_ || intent->to_seq > publication_->to_seq)) {
      status_.interrupted_run = intent->run_id;
      bool runs =
          std::ranges::any_of(status_.running, [&](const PastRun& run) { return run.run_id == intent->run_id; });
      if (!runs) add("run " + intent->run_id + " to be finished", "qlake process");
    }
    for (const auto& mart : model::LeftOutMarts(project_, publication_)) {
      add(mart + " to be brought up to date", "qlake process");
    }
    if (model::EventMartsAreStale(lake_, project_)) add("marts of events to be refreshed", "qlake process");
    if (int64_t days = CountDaysToDump(); days > 0) {
      add(days == 1 ? "1 day to be dumped" : fmt::format("{} days to be dumped", days), "qlake dump --due");
    }
  }

  // New files, and those that have changed.
  int64_t CountLanded() const {
    std::error_code failure;
    if (options_.landing.empty() || !std::filesystem::is_directory(options_.landing, failure)) return 0;
    std::vector<lake::Source> sources;
    for (const auto& contract : project_.contracts()) sources.push_back(contract.ToSource());
    std::map<std::pair<std::string, std::string>, const lake::FileRecord*> known;
    for (const auto& file : files_) known[{file.drop, file.name}] = &file;
    int64_t count = 0;
    for (const auto& landed : ingest::ScanLanding(options_.landing, options_.settle, status_.now).files) {
      if (lake::FindSource(sources, landed.name) == nullptr) continue;
      auto found = known.find({landed.drop, landed.name});
      bool is_known = found != known.end() && found->second->bytes == static_cast<int64_t>(landed.bytes) &&
                      found->second->modified_at == landed.modified;
      count += is_known ? 0 : 1;
    }
    return count;
  }

  int64_t CountDaysToDump() const {
    auto days = ClosedDays(ledger_, status_.now);
    for (base::Date date : report::DumpedDates(options_.dump_folder)) days.erase(date);
    return static_cast<int64_t>(days.size());
  }

  void ReadSizes() {
    for (const auto& table : lake_.TableNames()) {
      auto snapshot = lake_.Load(table);
      if (!snapshot) continue;
      for (const auto& [path, file] : snapshot->files()) status_.bytes += static_cast<uint64_t>(file.size_bytes);
    }
    for (const auto& file : files_) status_.bytes += static_cast<uint64_t>(file.bytes);
    status_.free_bytes = FreeBytes(lake_.options().root);
  }

  lake::Lake& lake_;
  const model::Project& project_;
  const StatusOptions& options_;
  LakeStatus status_;
  std::vector<lake::FileRecord> files_;
  std::vector<lake::LedgerEntry> ledger_;
  std::optional<lake::Publication> publication_;
};

}  // namespace

LakeStatus ReadStatus(lake::Lake& lake, const model::Project& project, const StatusOptions& options) {
  return StatusReader(lake, project, options).Read();
}

}  // namespace qlake::run
