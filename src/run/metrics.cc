#include "run/metrics.h"

#include <algorithm>
#include <set>

#include "lake/records.h"
#include "maintain/compaction_plan.h"
#include "report/report.h"
#include "run/disk_space.h"
#include "run/event_hours.h"
#include "run/published.h"
#include "run/run_history.h"

namespace qlake::run {
namespace {

constexpr double kUsPerSecond = 1e6;
constexpr size_t kRunsLookedAt = 500;

double Seconds(base::Timestamp time) { return static_cast<double>(time.us) / kUsPerSecond; }
base::Timestamp EndOf(base::Hour hour) { return base::StartOf({hour.hours + 1}); }
double AgeOf(base::Hour hour, base::Timestamp now) { return Seconds(now) - Seconds(EndOf(hour)); }

class Collector {
 public:
  Collector(lake::Lake& lake, const model::Project& project, const MetricsOptions& options)
      : lake_(lake), project_(project), options_(options), now_(lake.clock().Now()) {}

  std::vector<Metric> Collect() {
    Gauge("qlake_build_info", "The version of qlake; the value is always 1.").Add({{"version", options_.version}}, 1);
    Gauge("qlake_collected_timestamp_seconds", "When these numbers were collected.").Add({}, Seconds(now_));
    CollectSources();
    CollectEvents();
    CollectReports();
    CollectTables();
    CollectRuns();
    if (auto free = FreeBytes(lake_.options().root)) {
      Gauge("qlake_disk_free_bytes", "What may still be written to the lake's disk.")
          .Add({}, static_cast<double>(*free));
    }
    std::erase_if(metrics_, [](const Metric& metric) { return metric.samples.empty(); });
    return std::move(metrics_);
  }

 private:
  // A family that is being filled.
  class Family {
   public:
    explicit Family(Metric& metric) : metric_(metric) {}
    void Add(std::map<std::string, std::string> labels, double value) {
      metric_.samples.push_back({std::move(labels), value});
    }

   private:
    Metric& metric_;
  };

  Family Gauge(const std::string& name, const std::string& help) { return Find(name, help, Metric::Kind::kGauge); }
  Family Counter(const std::string& name, const std::string& help) { return Find(name, help, Metric::Kind::kCounter); }

  Family Find(const std::string& name, const std::string& help, Metric::Kind kind) {
    auto found = std::ranges::find(metrics_, name, &Metric::name);
    if (found == metrics_.end()) found = metrics_.insert(found, {name, help, kind, {}});
    return Family(*found);
  }

  // Gauges, all of them: a correction or a late file revises what earlier batches counted.
  void CountRows(const std::string& hop, const std::string& source, const std::string& outcome, int64_t rows) {
    Gauge("qlake_rows", "Rows by hop and outcome, as the ledger accounts for them now.")
        .Add({{"hop", hop}, {"source", source}, {"outcome", outcome}}, static_cast<double>(rows));
  }

  void CollectSources() {
    files_ = lake::CurrentFiles(lake::ReadFiles(lake_));
    std::vector<std::string> sources;
    for (const auto& contract : project_.contracts()) sources.push_back(contract.name);
    auto ledger = lake::ReadLedger(lake_);
    std::map<std::string, int64_t> processed;
    for (const auto& entry : ledger) processed[entry.file_id] = entry.seq;
    calendars_ = BuildCalendar(sources, files_, processed, options_.expectations, now_);
    for (const auto& source : sources) {
      CollectReceived(source, processed);
      CollectAccount(source, ledger);
    }
    for (const auto& calendar : calendars_) CollectCalendar(calendar);
  }

  void CollectReceived(const std::string& source, const std::map<std::string, int64_t>& processed) {
    int64_t files = 0;
    int64_t bytes = 0;
    int64_t rows = 0;
    int64_t waiting = 0;
    for (const auto& file : files_) {
      if (file.source != source) continue;
      ++files;
      bytes += file.bytes;
      rows += file.rows;
      auto account = processed.find(file.file_id);
      waiting += account == processed.end() || account->second < file.seq ? 1 : 0;
    }
    CountRows("ingest", source, "received", rows);
    Gauge("qlake_received_files", "Files received.").Add({{"source", source}}, static_cast<double>(files));
    Gauge("qlake_received_bytes", "Bytes of the files received.").Add({{"source", source}}, static_cast<double>(bytes));
    Gauge("qlake_waiting_files", "Files received that are not processed yet.")
        .Add({{"source", source}}, static_cast<double>(waiting));
  }

  void CollectAccount(const std::string& source, const std::vector<lake::LedgerEntry>& ledger) {
    lake::LedgerEntry sum;
    for (const auto& entry : ledger) {
      if (entry.source != source) continue;
      sum.rows_in += entry.rows_in;
      sum.loaded += entry.loaded;
      sum.quarantined += entry.quarantined;
      sum.duplicate += entry.duplicate;
    }
    CountRows("process", source, "loaded", sum.loaded);
    CountRows("process", source, "quarantined", sum.quarantined);
    CountRows("process", source, "duplicate", sum.duplicate);
    Gauge("qlake_rows_unaccounted", "Rows in less rows loaded, quarantined and duplicate: 0, or the ledger is open.")
        .Add({{"source", source}}, static_cast<double>(sum.rows_in - sum.loaded - sum.quarantined - sum.duplicate));
    if (sum.rows_in == 0) return;
    Gauge("qlake_quarantine_ratio", "Share of the processed rows that are in quarantine, 0 to 1.")
        .Add({{"source", source}}, static_cast<double>(sum.quarantined) / static_cast<double>(sum.rows_in));
  }

  void CollectCalendar(const SourceCalendar& calendar) {
    std::map<std::string, std::string> labels = {{"source", calendar.source}};
    Gauge("qlake_source_gaps", "Expected data hours without a file.")
        .Add(labels, static_cast<double>(calendar.hours_missing()));
    if (!calendar.newest_closed) return;
    Gauge("qlake_source_newest_hour_timestamp_seconds", "End of the newest data hour whose files are processed.")
        .Add(labels, Seconds(EndOf(*calendar.newest_closed)));
    Gauge("qlake_source_freshness_seconds", "Age of the newest data hour whose files are processed.")
        .Add(labels, AgeOf(*calendar.newest_closed, now_));
    if (!calendar.complete_until) return;
    Gauge("qlake_source_complete_until_timestamp_seconds", "End of the last data hour before the first gap.")
        .Add(labels, Seconds(EndOf(*calendar.complete_until)));
  }

  void CollectEvents() {
    std::map<std::pair<std::string, std::string>, int64_t> rows;  // By topic and outcome: of all its partitions.
    // By topic and partition. One that was made anew has an account for each of its lives.
    std::map<std::pair<std::string, int32_t>, int64_t> lags;
    for (const auto& shape : project_.events()) {
      for (const auto& account : stream::ReadTopicLedger(lake_, shape)) {
        rows[{account.topic, "loaded"}] += account.loaded;
        rows[{account.topic, "dead_lettered"}] += account.dead_lettered;
        rows[{account.topic, "no_message"}] += account.no_message;
        auto end = options_.end_offset ? options_.end_offset(account) : std::nullopt;
        if (!end) continue;
        auto& lag = lags[{account.topic, account.partition}];
        lag = std::max(lag, *end - account.offsets);
      }
    }
    for (const auto& [key, count] : rows) CountRows("stream", key.first, key.second, count);
    for (const auto& [key, lag] : lags) {
      Gauge("qlake_stream_lag_messages", "Messages of the topic that are not in the lake yet.")
          .Add({{"topic", key.first}, {"partition", std::to_string(key.second)}}, static_cast<double>(lag));
    }
  }

  // The newest hour of any event, from the folders of its table.
  std::optional<base::Hour> NewestEventHour() const {
    std::optional<base::Hour> newest;
    for (const auto& shape : project_.events()) {
      auto snapshot = lake_.Load("events." + shape.name);
      auto hour = snapshot ? run::NewestEventHour(*snapshot) : std::nullopt;
      if (hour) newest = std::max(newest.value_or(*hour), *hour);
    }
    return newest;
  }

  // The newest hour of what facts are made from.
  std::optional<base::Hour> NewestFactHour() const {
    std::optional<base::Hour> newest;
    for (const auto& model : project_.models()) {
      if (model.kind != model::ModelKind::kFact) continue;
      auto calendar = std::ranges::find(calendars_, model.source, &SourceCalendar::source);
      if (calendar == calendars_.end() || !calendar->newest_closed) continue;
      newest = std::max(newest.value_or(*calendar->newest_closed), *calendar->newest_closed);
    }
    return newest;
  }

  void CollectReports() {
    auto of_facts = NewestFactHour();
    auto of_events = NewestEventHour();
    for (const auto& file : project_.FilesIn("reports/")) {
      if (!report::IsReportFile(file.path, file.text)) continue;
      auto definition = report::ParseReport(file.path, file.text);
      auto hour = NamesEvents(project_, definition.sql) ? of_events : of_facts;
      if (!hour) continue;
      Gauge("qlake_report_freshness_seconds", "Age of the newest data hour that a report tells of.")
          .Add({{"report", definition.name}}, AgeOf(*hour, now_));
    }
  }

  void CollectTables() {
    for (const auto& table : lake_.TableNames()) {
      auto snapshot = lake_.Load(table);
      if (!snapshot) continue;
      double bytes = 0;
      std::map<delta::PartitionValues, int64_t> small_files;
      for (const auto& [path, file] : snapshot->files()) {
        bytes += static_cast<double>(file.size_bytes);
        bool is_small = static_cast<uint64_t>(file.size_bytes) < maintain::FullBytes({});
        if (is_small) ++small_files[file.partition_values.get()];
      }
      int64_t small = 0;
      for (const auto& [partition, files] : small_files) small += files > 1 ? files : 0;
      std::map<std::string, std::string> labels = {{"table", table}};
      Gauge("qlake_table_version", "Newest version of a table.").Add(labels, static_cast<double>(snapshot->version()));
      Gauge("qlake_table_files", "Live files of a table.").Add(labels, static_cast<double>(snapshot->files().size()));
      Gauge("qlake_table_bytes", "Bytes of a table's live files.").Add(labels, bytes);
      Gauge("qlake_table_small_files", "Files of a table that qlake compact could merge.")
          .Add(labels, static_cast<double>(small));
    }
  }

  void CollectRuns() {
    auto snapshot = lake_.Load(lake::kOpsRuns);
    if (!snapshot) return;
    lake_.Define(lake::RunsSchema(), snapshot);
    auto result = lake_.database().Query(
        "SELECT command, state, count(*), epoch_us(max(finished_at)), "
        "epoch_us(arg_max(finished_at, finished_at)) - epoch_us(arg_max(started_at, finished_at)), "
        "CAST(coalesce(sum(TRY_CAST(json_extract_string(details, '$.commit_conflicts') AS BIGINT)), 0) AS BIGINT) "
        "FROM ops.runs GROUP BY command, state ORDER BY command, state");
    double conflicts = 0;
    for (const auto& row : result.rows) {
      std::map<std::string, std::string> of_state = {{"command", row[0].value_or("")}, {"state", row[1].value_or("")}};
      std::map<std::string, std::string> of_command = {{"command", row[0].value_or("")}};
      auto number = [&](size_t column) { return static_cast<double>(engine::IntegerOf(row[column])); };
      Counter("qlake_runs_total", "Runs that wrote something or failed, by how they ended.").Add(of_state, number(2));
      Gauge("qlake_run_last_end_timestamp_seconds", "When the last run of a command ended so.")
          .Add(of_state, number(3) / kUsPerSecond);
      Gauge("qlake_run_duration_seconds", "How long the last run of a command that ended so took.")
          .Add(of_state, number(4) / kUsPerSecond);
      conflicts += number(5);
    }
    auto failures = FailuresNotMadeGood(ReadRuns(lake_, kRunsLookedAt));
    std::set<std::string> commands;
    for (const auto& row : result.rows) commands.insert(row[0].value_or(""));
    for (const auto& run : failures) commands.insert(run.command);
    for (const auto& command : commands) {
      bool has_failed = std::ranges::find(failures, command, &PastRun::command) != failures.end();
      Gauge("qlake_run_failed", "1: the last run of a command failed or was killed, and was not made good since.")
          .Add({{"command", command}}, has_failed ? 1 : 0);
    }
    Counter("qlake_commit_conflicts_total", "Commits that another writer was faster than.").Add({}, conflicts);
  }

  lake::Lake& lake_;
  const model::Project& project_;
  const MetricsOptions& options_;
  base::Timestamp now_;
  std::vector<Metric> metrics_;
  std::vector<lake::FileRecord> files_;
  std::vector<SourceCalendar> calendars_;
};

}  // namespace

std::vector<Metric> CollectMetrics(lake::Lake& lake, const model::Project& project, const MetricsOptions& options) {
  return Collector(lake, project, options).Collect();
}

}  // namespace qlake::run
