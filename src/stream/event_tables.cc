#include "stream/event_tables.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"

namespace qlake::stream {
namespace {

constexpr std::string_view kAppPrefix = "qlake.stream:";
constexpr int64_t kHoursPerDay = 24;

parquet::RowBuffer DriftRows(const EventBatch& batch, const std::string& subject, const std::string& run_id,
                             base::Timestamp now) {
  parquet::RowBuffer rows;
  for (const auto& column : lake::DriftSchema().columns) {
    rows.columns.push_back(column);
    rows.values.emplace_back(column.type);
  }
  for (const auto& record : batch.drift()) {
    auto column = rows.values.begin();
    // In the order of lake::DriftSchema.
    for (const std::string* text :
         {&subject, &record.kind, &record.event_type, &record.name, &record.json_type, &batch.topic().name}) {
      (column++)->AppendBytes(*text);
    }
    (column++)->AppendInt32(record.partition);
    (column++)->AppendInt64(record.offset);
    (column++)->AppendBytes(run_id);
    (column++)->AppendInt64(now.us);
    QLAKE_CHECK(column == rows.values.end());
  }
  return rows;
}

std::vector<RowsOfFile> FilesOf(std::vector<HourOfRows> hours) {
  std::vector<RowsOfFile> files;
  for (auto& hour : hours) files.push_back({PartitionOfHour(hour.hour), std::move(hour.rows)});
  return files;
}

}  // namespace

delta::PartitionValues PartitionOfHour(std::optional<int64_t> hour) {
  if (!hour) return {{"event_date", std::nullopt}, {"event_hour", std::nullopt}};
  base::Date date = base::DateOf(base::Hour{*hour});
  return {{"event_date", base::FormatDate(date)},
          {"event_hour", std::to_string(*hour - int64_t{date.days} * kHoursPerDay)}};
}

std::string PositionApp(const TopicName& topic, int32_t partition) {
  return fmt::format("{}{}/{}/{}", kAppPrefix, topic.cluster_id, topic.id, partition);
}

std::optional<PositionName> ParsePositionApp(const std::string& app_id) {
  if (!app_id.starts_with(kAppPrefix)) return std::nullopt;
  size_t slash = app_id.rfind('/');
  PositionName name;
  name.topic = app_id.substr(kAppPrefix.size(), slash - kAppPrefix.size());
  auto parsed = std::from_chars(app_id.data() + slash + 1, app_id.data() + app_id.size(), name.partition);
  if (slash == std::string::npos || parsed.ec != std::errc()) return std::nullopt;
  return name;
}

std::string TopicIdOf(const PositionName& name) {
  size_t slash = name.topic.find('/');
  return slash == std::string::npos ? name.topic : name.topic.substr(slash + 1);
}

EventTables::EventTables(lake::Lake& lake, const events::EventShape& shape, const std::string& run_id)
    : lake_(lake),
      shape_(shape),
      run_id_(run_id),
      dead_letters_(lake, lake::DeadLetterSchema(shape), run_id),
      events_(lake, lake::EventsSchema(shape), run_id) {}

PartitionPosition EventTables::ReadPosition(const TopicName& topic, int32_t partition) {
  // Events first: dead letters, which are committed before, are then never behind them.
  events_.Refresh();
  dead_letters_.Refresh();
  std::string app = PositionApp(topic, partition);
  PartitionPosition position;
  int64_t events = events_.PositionOf(app);
  int64_t dead_letters = dead_letters_.PositionOf(app);
  if (events >= 0) position.events = events;
  if (dead_letters >= 0) position.dead_letters = dead_letters;
  judged_[app] = dead_letters;
  if (dead_letters > events) {
    // A new partition begins with a stretch that the dead letters account for, or with offset 0.
    position.settled = ReadSettled(topic, partition, {std::max<int64_t>(events, 0), dead_letters});
    base::LogInfo("an earlier stream stopped between dead letters and events: its verdicts hold",
                  {{"partition", partition}, {"events", events}, {"dead_letters", dead_letters}});
  }
  return position;
}

std::vector<OffsetRange> EventTables::ReadSettled(const TopicName& topic, int32_t partition, OffsetRange between) {
  auto schema = lake::DeadLetterSchema(shape_);
  lake_.database().DefineTable(schema.name, dead_letters_.snapshot());
  auto result = lake_.database().Query(fmt::format(
      "SELECT _offset, offsets FROM {} WHERE _topic_id = {} AND _partition = {} AND _offset < {} AND _offset + "
      "offsets > {} ORDER BY _offset",
      schema.name, engine::QuoteLiteral(topic.id), partition, between.to, between.from));
  std::vector<OffsetRange> settled;
  for (const auto& row : result.rows) {
    int64_t offset = engine::IntegerOf(row[0]);
    settled.push_back({offset, offset + engine::IntegerOf(row[1])});
  }
  return settled;
}

void EventTables::ReadDrift(KnownDrift& known) {
  auto snapshot = lake_.Load(lake::kOpsDrift);
  if (!snapshot) return;
  lake_.Define(lake::DriftSchema(), snapshot);
  auto result = lake_.database().Query(
      fmt::format("SELECT DISTINCT kind, event_type, name, json_type FROM ops.drift WHERE subject = {}",
                  engine::QuoteLiteral(lake::EventsSchema(shape_).name)));
  for (const auto& row : result.rows) {
    known.Add(row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or(""));
  }
}

// Whether anybody else has been at the partitions of the batch since it was begun.
bool EventTables::HasMoved(const EventBatch& batch) const {
  for (const auto& [partition, range] : batch.ranges()) {
    std::string app = PositionApp(batch.topic(), partition);
    if (std::max<int64_t>(events_.PositionOf(app), 0) != range.from) return true;
    if (dead_letters_.PositionOf(app) != judged_.at(app)) return true;
  }
  return false;
}

bool EventTables::Commit(EventBatch& batch) {
  if (batch.empty()) return true;
  if (HasMoved(batch)) return false;
  int64_t now_ms = lake_.clock().Now().us / 1000;
  // 1. Drift. A crash after it leaves it on record, where it is looked up before it is recorded again.
  if (!batch.drift().empty()) {
    if (!drift_) drift_.emplace(lake_, lake::DriftSchema(), run_id_);
    std::vector<RowsOfFile> files(1);
    files[0].rows = DriftRows(batch, lake::EventsSchema(shape_).name, run_id_, lake_.clock().Now());
    drift_->Refresh();
    if (std::holds_alternative<delta::Conflict>(drift_->Commit(files, {}))) {
      base::LogWarn("drift could not be recorded, its table was changed meanwhile");
    }
  }
  // 2. Dead letters, and the positions up to which messages have been judged. A crash after it leaves them ahead of the
  // events: what is not among them is good, and nobody judges it again.
  std::vector<delta::SetTransaction> judged;
  std::vector<delta::SetTransaction> loaded;
  for (const auto& [partition, range] : batch.ranges()) {
    std::string app = PositionApp(batch.topic(), partition);
    loaded.push_back({app, range.to, now_ms});
    int64_t before = dead_letters_.PositionOf(app);
    judged.push_back({app, std::max(range.to, before), now_ms});
  }
  auto dead_letter_files = FilesOf(batch.TakeDeadLetters());
  base::CrashPoint("stream.before_dead_letters");
  if (std::holds_alternative<delta::Conflict>(dead_letters_.Commit(dead_letter_files, judged))) return false;
  for (const auto& position : judged) judged_[position.app_id] = position.version;
  base::CrashPoint("stream.before_events");
  // 3. Events, and the positions up to which messages are in the lake. After it they are there for good.
  auto event_files = FilesOf(batch.TakeEvents());
  if (std::holds_alternative<delta::Conflict>(events_.Commit(event_files, loaded))) return false;
  base::CrashPoint("stream.after_events");
  return true;
}

std::vector<delta::SetTransaction> EventTables::PositionsAt(const TopicName& topic, const Ranges& ranges) const {
  int64_t now_ms = lake_.clock().Now().us / 1000;
  std::vector<delta::SetTransaction> positions;
  for (const auto& [partition, range] : ranges) positions.push_back({PositionApp(topic, partition), range.to, now_ms});
  return positions;
}

bool EventTables::CommitDeadLetters(const TopicName& topic, const Ranges& ranges, std::vector<delta::AddFile> files) {
  for (const auto& [partition, range] : ranges) {
    if (std::max<int64_t>(dead_letters_.PositionOf(PositionApp(topic, partition)), 0) != range.from) return false;
  }
  base::CrashPoint("stream.before_dead_letters");
  return std::holds_alternative<delta::Committed>(
      dead_letters_.Commit({}, PositionsAt(topic, ranges), std::move(files)));
}

bool EventTables::CommitEvents(const TopicName& topic, const Ranges& ranges, std::vector<delta::AddFile> files,
                               EventBatch* gaps) {
  for (const auto& [partition, range] : ranges) {
    std::string app = PositionApp(topic, partition);
    QLAKE_CHECK(dead_letters_.PositionOf(app) >= range.to);
    if (std::max<int64_t>(events_.PositionOf(app), 0) != range.from) return false;
  }
  if (gaps != nullptr &&
      std::holds_alternative<delta::Conflict>(dead_letters_.Commit(FilesOf(gaps->TakeDeadLetters()), {}))) {
    return false;
  }
  base::CrashPoint("stream.before_events");
  if (std::holds_alternative<delta::Conflict>(events_.Commit({}, PositionsAt(topic, ranges), std::move(files)))) {
    return false;
  }
  base::CrashPoint("stream.after_events");
  return true;
}

}  // namespace qlake::stream
