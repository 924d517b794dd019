#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "base/json.h"
#include "cli/answer.h"
#include "cli/calendar_settings.h"
#include "cli/hdfs_settings.h"
#include "cli/kafka_settings.h"
#include "cli/open_lake.h"
#include "cli/quantity.h"
#include "cli/topic_ends.h"
#include "run/lake_status.h"

namespace qlake::cli {
namespace {

constexpr size_t kGapsShown = 5;

double AgeOf(base::Timestamp time, const run::LakeStatus& status) {
  return static_cast<double>(status.now.us - time.us) / 1e6;
}

// An hour is as old as its end.
double AgeOf(base::Hour hour, const run::LakeStatus& status) { return AgeOf(base::StartOf({hour.hours + 1}), status); }

base::Json OrNull(const std::optional<base::Timestamp>& time) {
  return time ? base::Json(base::FormatTimestamp(*time)) : base::Json(nullptr);
}
base::Json OrNull(const std::optional<base::Hour>& hour) {
  return hour ? base::Json(base::FormatHour(*hour)) : base::Json(nullptr);
}

base::Json ToJson(const run::PastRun& run) {
  return {{"run_id", run.run_id},
          {"command", run.command},
          {"state", run.state},
          {"started_at", base::FormatTimestamp(run.started_at)},
          {"finished_at", OrNull(run.finished_at)},
          {"message", run.message}};
}

base::Json ToJson(const std::vector<run::PastRun>& runs) {
  base::Json json = base::Json::array();
  for (const auto& run : runs) json.push_back(ToJson(run));
  return json;
}

double QuarantineShare(const run::SourceStatus& source) {
  return source.rows_in == 0 ? 0 : static_cast<double>(source.quarantined) / static_cast<double>(source.rows_in);
}

base::Json ToJson(const run::SourceStatus& source, const run::LakeStatus& status) {
  const auto& calendar = source.calendar;
  base::Json json = {{"files", source.files},         {"newest_hour", OrNull(calendar.newest_closed)},
                     {"age_seconds", nullptr},        {"rows_in", source.rows_in},
                     {"loaded", source.loaded},       {"quarantined", source.quarantined},
                     {"duplicate", source.duplicate}, {"quarantine_share", QuarantineShare(source)}};
  if (calendar.newest_closed) json["age_seconds"] = std::round(AgeOf(*calendar.newest_closed, status));
  base::Json hours = run::ToJson(calendar);
  for (const char* key : {"complete_until", "hours_missing", "hours_waiting", "gaps"}) json[key] = hours[key];
  return json;
}

base::Json ToJson(const run::StreamStatus& stream, const run::LakeStatus& status) {
  base::Json partitions = base::Json::array();
  for (const auto& partition : stream.partitions) {
    const auto& account = partition.account;
    partitions.push_back({{"topic", account.topic},
                          {"partition", account.partition},
                          {"read_until", account.offsets},
                          {"loaded", account.loaded},
                          {"dead_lettered", account.dead_lettered},
                          {"lag", partition.lag ? base::Json(*partition.lag) : base::Json(nullptr)}});
  }
  base::Json json = {{"name", stream.name},
                     {"last_commit_at", OrNull(stream.last_commit_at)},
                     {"newest_hour", OrNull(stream.newest_hour)},
                     {"age_seconds", nullptr},
                     {"partitions", partitions}};
  if (stream.newest_hour) json["age_seconds"] = std::round(AgeOf(*stream.newest_hour, status));
  return json;
}

void PrintJson(Context& context, const run::LakeStatus& status, const std::string& lag_unknown) {
  base::Json json = {{"lake", context.settings.lake},
                     {"now", base::FormatTimestamp(status.now)},
                     {"published_at", OrNull(status.published_at)},
                     {"files_waiting", status.files_waiting},
                     {"interrupted_run", status.interrupted_run ? base::Json(*status.interrupted_run) : nullptr},
                     {"due", base::Json::array()},
                     {"failures", ToJson(status.failures)},
                     {"running", ToJson(status.running)},
                     {"last_run", status.last_run ? ToJson(*status.last_run) : base::Json(nullptr)},
                     {"sources", base::Json::object()},
                     {"streams", base::Json::array()},
                     {"lag_unknown", lag_unknown.empty() ? base::Json(nullptr) : base::Json(lag_unknown)},
                     {"bytes", status.bytes},
                     {"free_bytes", status.free_bytes ? base::Json(*status.free_bytes) : base::Json(nullptr)}};
  for (const auto& due : status.due) json["due"].push_back({{"what", due.what}, {"command", due.command}});
  for (const auto& source : status.sources) json["sources"][source.source] = ToJson(source, status);
  for (const auto& stream : status.streams) json["streams"].push_back(ToJson(stream, status));
  context.out << json.dump(2, ' ', false, base::Json::error_handler_t::replace) << "\n";
}

// 45 s, 12 min, 3 h, 5 days
std::string AgeText(double seconds) {
  if (seconds < 0) return "ahead";
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 2 * 86'400) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86'400);
}

std::string HourText(const std::optional<base::Hour>& hour) { return hour ? base::FormatHour(*hour) : "never"; }

void PrintHead(Context& context, const run::LakeStatus& status) {
  auto& out = context.out;
  out << "lake " << context.settings.lake << ": ";
  if (status.published_at) {
    out << "published " << base::FormatTimestamp(*status.published_at) << ", "
        << AgeText(AgeOf(*status.published_at, status)) << " ago";
  } else {
    out << "nothing published yet";
  }
  out << "; " << FormatBytes(status.bytes);
  if (status.free_bytes) out << ", " << FormatBytes(*status.free_bytes) << " free";
  out << "\n";
}

void PrintWork(std::ostream& out, const run::LakeStatus& status) {
  for (const auto& due : status.due) out << fmt::format("due      {}: {}\n", due.what, due.command);
  if (status.due.empty()) out << "due      nothing\n";
  for (const auto& run : status.failures) {
    auto ended = run.finished_at.value_or(run.started_at);
    out << fmt::format("{:<8} {} {} ago: {} (qlake runs show {})\n", run.state, run.command,
                       AgeText(AgeOf(ended, status)), run.message, run.run_id);
  }
  if (status.failures.empty()) out << "failed   nothing\n";
  for (const auto& run : status.running) {
    out << fmt::format("{:<8} {} for {} (run {})\n", run.state, run.command, AgeText(AgeOf(run.started_at, status)),
                       run.run_id);
  }
}

void PrintGaps(std::ostream& out, const run::LakeStatus& status) {
  for (const auto& source : status.sources) {
    const auto& gaps = source.calendar.gaps;
    if (gaps.empty()) continue;
    out << fmt::format("gaps     {}: {} hours without a file:", source.source,
                       FormatCount(source.calendar.hours_missing()));
    for (size_t i = 0; i < gaps.size() && i < kGapsShown; ++i) {
      out << (i == 0 ? " " : ", ") << base::FormatHour(gaps[i].first);
      if (gaps[i].hours() > 1) out << " to " << base::FormatHour(gaps[i].last);
    }
    out << (gaps.size() > kGapsShown ? fmt::format(" and {} more\n", gaps.size() - kGapsShown) : "\n");
  }
}

void PrintSources(Context& context, const run::LakeStatus& status) {
  engine::Result rows;
  rows.columns = {{"source", "VARCHAR"},
                  {"files", "BIGINT", true, true},
                  {"newest_hour", "VARCHAR"},
                  {"age", "VARCHAR", true, true},
                  {"complete_until", "VARCHAR"},
                  {"rows_in", "BIGINT", true, true},
                  {"loaded", "BIGINT", true, true},
                  {"quarantined", "VARCHAR", true, true},
                  {"duplicate", "BIGINT", true, true}};
  for (const auto& source : status.sources) {
    const auto& newest = source.calendar.newest_closed;
    rows.rows.push_back({source.source, FormatCount(source.files), HourText(newest),
                         newest ? AgeText(AgeOf(*newest, status)) : "", HourText(source.calendar.complete_until),
                         FormatCount(source.rows_in), FormatCount(source.loaded),
                         fmt::format("{} ({:.1f} %)", FormatCount(source.quarantined), QuarantineShare(source) * 100),
                         FormatCount(source.duplicate)});
  }
  context.out << "\n";
  WriteRows(context, rows, report::Format::kTable);
}

void PrintStreams(Context& context, const run::LakeStatus& status, const std::string& lag_unknown) {
  for (const auto& stream : status.streams) {
    context.out << fmt::format("\n{}: newest event of {}", stream.name, HourText(stream.newest_hour));
    if (stream.last_commit_at) {
      context.out << ", last commit " << AgeText(AgeOf(*stream.last_commit_at, status)) << " ago";
    }
    context.out << "\n";
    engine::Result rows;
    rows.columns = {{"topic", "VARCHAR"},
                    {"partition", "BIGINT", true, true},
                    {"read_until", "BIGINT", true, true},
                    {"loaded", "BIGINT", true, true},
                    {"dead_letters", "BIGINT", true, true},
                    {"lag", "VARCHAR", true, true}};
    for (const auto& partition : stream.partitions) {
      const auto& account = partition.account;
      rows.rows.push_back({account.topic, std::to_string(account.partition), FormatCount(account.offsets),
                           FormatCount(account.loaded), FormatCount(account.dead_lettered),
                           partition.lag ? FormatCount(*partition.lag) : "unknown"});
    }
    WriteRows(context, rows, report::Format::kTable);
  }
  if (!lag_unknown.empty()) context.out << "the lag is not known: " << lag_unknown << "\n";
}

int Execute(Context& context) {
  OpenLake lake(context, IfAbsent::kRefuse);
  auto project = context.LoadProject();
  TopicEnds ends(context.settings);
  run::StatusOptions options;
  options.expectations = ExpectationsOf(context.settings);
  options.landing = context.settings.landing;
  options.dump_folder = context.settings.dump_folder;
  options.settle = context.settings.settle;
  options.end_offset = [&ends](const stream::PartitionAccount& account) { return ends.EndOf(account); };
  auto status = run::ReadStatus(*lake, project, options);
  if (context.json) {
    PrintJson(context, status, ends.failure());
    return kExitDone;
  }
  PrintHead(context, status);
  PrintWork(context.out, status);
  PrintGaps(context.out, status);
  PrintSources(context, status);
  PrintStreams(context, status, ends.failure());
  return kExitDone;
}

}  // namespace

void AddStatus(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys = {"project", "landing",         "lake",           "dump_dir",
                                   "settle",  "calendar.expect", "calendar.grace", "kafka.topic"};
  keys.insert(keys.end(), KafkaConnectionKeys().begin(), KafkaConnectionKeys().end());
  auto& command = line.Add(
      app, "status", "One screen: what is due, what failed and why, gaps, freshness, quarantine, disk, streams",
      WithHdfsKeys(keys), "  qlake status --lake lake\n  qlake status --brokers localhost:9092 --json");
  command.callback([&line] { line.command = [](Context& context) { return Execute(context); }; });
}

}  // namespace qlake::cli
