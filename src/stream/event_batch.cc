#include "stream/event_batch.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"

namespace qlake::stream {
namespace {

using Kind = base::ColumnType::Kind;
using State = events::EventCell::State;

constexpr int64_t kMicrosPerHour = 3'600'000'000;
constexpr int64_t kUnknownHour = INT64_MAX;
constexpr size_t kDeadLetterBytesMax = size_t{16} << 20;

int64_t FloorHour(int64_t us) { return us >= 0 ? us / kMicrosPerHour : (us - kMicrosPerHour + 1) / kMicrosPerHour; }

std::optional<int64_t> HourOfEvent(const events::EventShape& shape, const events::DecodedEvent& event) {
  const events::EventCell& time = event.cells[shape.time_column];
  return time.state == State::kNumber ? std::optional<int64_t>(FloorHour(time.number)) : std::nullopt;
}

void AppendCell(const events::EventCell& cell, Kind kind, parquet::ColumnBuffer& buffer) {
  if (cell.state == State::kAbsent) {
    buffer.AppendNull();
    return;
  }
  switch (kind) {
    case Kind::kString:
      buffer.AppendBytes(cell.text);
      break;
    case Kind::kBoolean:
      buffer.AppendBool(cell.number != 0);
      break;
    case Kind::kInteger:
      buffer.AppendInt32(static_cast<int32_t>(cell.number));
      break;
    default:
      buffer.AppendInt64(cell.number);
  }
}

std::string JsonOf(const std::vector<std::string>& reasons) {
  return base::Json(reasons).dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

parquet::RowBuffer EmptyRows(const std::vector<base::Column>& columns) {
  parquet::RowBuffer rows;
  rows.columns = columns;
  for (const auto& column : columns) rows.values.emplace_back(column.type);
  return rows;
}

// A file has no column whose value its folder tells.
std::vector<base::Column> FileColumnsOf(const lake::TableSchema& schema) {
  std::vector<base::Column> columns;
  for (const auto& column : schema.columns) {
    if (std::ranges::find(schema.partition_columns, column.name) == schema.partition_columns.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

std::string AsJsonText(std::string_view bytes) {
  return base::Json(std::string(bytes)).dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

}  // namespace

EventLayout::EventLayout(const events::EventShape& shape, const std::vector<base::Column>& table_columns)
    : table_columns_(table_columns.size()) {
  static const std::map<std::string, Part> kParts = {
      {"_rescued", Part::kRescued},       {"_topic", Part::kTopic},   {"_topic_id", Part::kTopicId},
      {"_partition", Part::kPartition},   {"_offset", Part::kOffset}, {"_broker_time", Part::kBrokerTime},
      {"_replayed_at", Part::kReplayedAt}};
  const auto& partitioned_by = lake::EventsSchema(shape).partition_columns;
  for (const auto& column : table_columns) {
    if (std::find(partitioned_by.begin(), partitioned_by.end(), column.name) != partitioned_by.end()) continue;
    Origin origin;
    if (auto part = kParts.find(column.name); part != kParts.end()) origin.part = part->second;
    for (size_t i = 0; i < shape.columns.size(); ++i) {
      if (shape.columns[i].name == column.name) origin = {Part::kCell, i};
    }
    file_columns_.push_back(column);
    origins_.push_back(origin);
  }
}

void EventLayout::Append(const events::DecodedEvent& event, const EventOrigin& origin, parquet::RowBuffer& rows) const {
  for (size_t i = 0; i < origins_.size(); ++i) {
    auto& buffer = rows.values[i];
    switch (origins_[i].part) {
      case Part::kCell:
        AppendCell(event.cells[origins_[i].cell], file_columns_[i].type.kind, buffer);
        break;
      case Part::kRescued:
        if (event.rest.empty()) {
          buffer.AppendNull();
        } else {
          buffer.AppendBytes(event.rest);
        }
        break;
      case Part::kTopic:
        buffer.AppendBytes(origin.topic);
        break;
      case Part::kTopicId:
        buffer.AppendBytes(origin.topic_id);
        break;
      case Part::kPartition:
        buffer.AppendInt32(origin.partition);
        break;
      case Part::kOffset:
        buffer.AppendInt64(origin.offset);
        break;
      case Part::kBrokerTime:
        buffer.AppendInt64(origin.broker_time.us);
        break;
      case Part::kReplayedAt:
        if (origin.replayed_at) {
          buffer.AppendInt64(origin.replayed_at->us);
        } else {
          buffer.AppendNull();
        }
        break;
      case Part::kNone:
        buffer.AppendNull();
        break;
    }
  }
}

EventBatch::EventBatch(const events::EventShape& shape, const EventLayout& layout, const TopicName& topic,
                       std::string run_id)
    : shape_(shape),
      layout_(layout),
      topic_(topic),
      run_id_(std::move(run_id)),
      dead_letter_columns_(FileColumnsOf(lake::DeadLetterSchema(shape))) {}

void EventBatch::AddEvent(const Message& message, const events::DecodedEvent& event) { Append(message, event); }

void EventBatch::AddEventAsItIs(const Message& message, const events::DecodedEvent& event) {
  if (event.reasons.empty()) {
    Append(message, event);
    return;
  }
  events::DecodedEvent kept = event;
  kept.rest = event.is_json_object ? std::string(message.value) : AsJsonText(message.value);
  Append(message, kept);
}

void EventBatch::Append(const Message& message, const events::DecodedEvent& event) {
  EventOrigin origin{topic_.name, topic_.id, message.partition, message.offset, message.broker_time, std::nullopt};
  layout_.Append(event, origin, RowsOf(HourOfEvent(shape_, event)));
  Cover(message.partition, message.offset, message.offset + 1);
  ++events_;
  bytes_ += message.value.size();
}

parquet::RowBuffer& EventBatch::RowsOf(std::optional<int64_t> hour) {
  int64_t key = hour.value_or(kUnknownHour);
  if (last_rows_ != nullptr && key == last_hour_) return *last_rows_;
  auto& rows = hours_[key];
  if (!rows) {
    rows = std::make_unique<HourOfRows>(HourOfRows{hour, EmptyRows(layout_.file_columns())});
  }
  last_hour_ = key;
  last_rows_ = &rows->rows;
  return *last_rows_;
}

void EventBatch::AddDeadLetter(const Message& message, const std::vector<std::string>& reasons, base::Timestamp now) {
  AppendDeadLetter(message.partition, message.offset, 1, "event", JsonOf(reasons), &message, now);
  if (first_reason_.empty() && !reasons.empty()) first_reason_ = reasons.front();
  Cover(message.partition, message.offset, message.offset + 1);
  ++dead_letters_;
  bytes_ += message.value.size();
}

void EventBatch::AddGap(int32_t partition, OffsetRange gap, const std::string& why, base::Timestamp now) {
  AppendDeadLetter(partition, gap.from, gap.to - gap.from, "no_message", JsonOf({why}), nullptr, now);
  Cover(partition, gap.from, gap.to);
}

void EventBatch::AppendDeadLetter(int32_t partition, int64_t offset, int64_t offsets, std::string_view kind,
                                  const std::string& reasons_json, const Message* message, base::Timestamp now) {
  auto& rows = DeadLetterRowsOf(message == nullptr ? now : message->broker_time);
  auto column = rows.values.begin();
  // In the order of lake::DeadLetterSchema.
  (column++)->AppendBytes(topic_.name);
  (column++)->AppendBytes(topic_.id);
  (column++)->AppendInt32(partition);
  (column++)->AppendInt64(offset);
  (column++)->AppendInt64(offsets);
  (column++)->AppendBytes(kind);
  (column++)->AppendBytes(reasons_json);
  if (message == nullptr) {
    for (int i = 0; i < 4; ++i) (column++)->AppendNull();
  } else {
    (column++)->AppendBytes(message->key.substr(0, kDeadLetterBytesMax));
    if (message->has_value) {
      (column++)->AppendBytes(message->value.substr(0, kDeadLetterBytesMax));
    } else {
      (column++)->AppendNull();
    }
    (column++)->AppendInt64(static_cast<int64_t>(message->value.size()));
    (column++)->AppendInt64(message->broker_time.us);
  }
  (column++)->AppendInt64(now.us);
  (column++)->AppendBytes(run_id_);
  QLAKE_CHECK(column == rows.values.end());
}

parquet::RowBuffer& EventBatch::DeadLetterRowsOf(base::Timestamp came) {
  auto [at, is_new] = dead_letter_hours_.try_emplace(FloorHour(came.us));
  if (is_new) at->second = EmptyRows(dead_letter_columns_);
  return at->second;
}

void EventBatch::Cover(int32_t partition, int64_t from, int64_t to) {
  if (last_range_ == nullptr || partition != last_partition_) {
    last_range_ = &ranges_.try_emplace(partition, OffsetRange{from, from}).first->second;
    last_partition_ = partition;
  }
  QLAKE_CHECK(last_range_->to == from);  // Offsets of a partition come without a hole: gaps are added, too.
  last_range_->to = to;
}

std::vector<HourOfRows> EventBatch::TakeDeadLetters() {
  std::vector<HourOfRows> hours;
  for (auto& [hour, rows] : dead_letter_hours_) hours.push_back({hour, std::move(rows)});
  dead_letter_hours_.clear();
  return hours;
}

std::vector<HourOfRows> EventBatch::TakeEvents() {
  std::vector<HourOfRows> hours;
  for (auto& [hour, rows] : hours_) hours.push_back(std::move(*rows));
  hours_.clear();
  last_rows_ = nullptr;
  std::sort(hours.begin(), hours.end(), [](const auto& a, const auto& b) { return a.hour < b.hour; });
  return hours;
}

}  // namespace qlake::stream
