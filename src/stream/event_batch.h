#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/event_decoder.h"
#include "lake/tables.h"
#include "parquet/file_encoder.h"
#include "stream/drift.h"
#include "stream/message_source.h"

namespace qlake::stream {

// Which offsets of a partition a batch stands for: [from, to).
struct OffsetRange {
  int64_t from = 0;
  int64_t to = 0;
};

// Where an event's row says that it came from.
struct EventOrigin {
  std::string_view topic;
  std::string_view topic_id;
  int32_t partition = 0;
  int64_t offset = 0;
  base::Timestamp broker_time;
  std::optional<base::Timestamp> replayed_at;
};

// The columns of events.<name> as the table has them, which may be more than today's contract knows.
class EventLayout {
 public:
  EventLayout(const events::EventShape& shape, const std::vector<base::Column>& table_columns);

  const std::vector<base::Column>& file_columns() const { return file_columns_; }
  size_t table_columns() const { return table_columns_; }

  // REQUIRES: the buffer has the file's columns.
  void Append(const events::DecodedEvent& event, const EventOrigin& origin, parquet::RowBuffer& rows) const;

 private:
  enum class Part { kNone, kCell, kRescued, kTopic, kTopicId, kPartition, kOffset, kBrokerTime, kReplayedAt };
  struct Origin {
    Part part = Part::kNone;
    size_t cell = 0;
  };

  size_t table_columns_ = 0;
  std::vector<base::Column> file_columns_;
  std::vector<Origin> origins_;  // One per file column.
};

// Rows that become one file: those of one hour.
struct HourOfRows {
  std::optional<int64_t> hour;  // Since 1970; nothing: the event's time is not known.
  parquet::RowBuffer rows;
};

// Some messages on their way into the lake, in columns. Not thread-safe.
class EventBatch {
 public:
  EventBatch(const events::EventShape& shape, const EventLayout& layout, const TopicName& topic, std::string run_id);

  // A good event.
  void AddEvent(const Message& message, const events::DecodedEvent& event);
  // An event that was judged good before, by whatever contract: what today's cannot take stays in _rescued.
  void AddEventAsItIs(const Message& message, const events::DecodedEvent& event);
  void AddDeadLetter(const Message& message, const std::vector<std::string>& reasons, base::Timestamp now);
  // Offsets [from, to) hold no message.
  void AddGap(int32_t partition, OffsetRange gap, const std::string& why, base::Timestamp now);
  // A message that the dead letters hold already.
  void Skip(const Message& message) { Cover(message.partition, message.offset, message.offset + 1); }
  void SkipRange(int32_t partition, OffsetRange range) { Cover(partition, range.from, range.to); }
  void NoteDrift(DriftRecord record) { drift_.push_back(std::move(record)); }

  bool empty() const { return ranges_.empty(); }
  int64_t messages() const { return events_ + dead_letters_; }
  int64_t events() const { return events_; }
  int64_t dead_letters() const { return dead_letters_; }
  uint64_t bytes() const { return bytes_; }  // Of the messages.
  const std::string& first_reason() const { return first_reason_; }

  const TopicName& topic() const { return topic_; }
  const std::map<int32_t, OffsetRange>& ranges() const { return ranges_; }
  // In order. Events by their own time, dead letters by that at which they came.
  std::vector<HourOfRows> TakeEvents();
  std::vector<HourOfRows> TakeDeadLetters();
  const std::vector<DriftRecord>& drift() const { return drift_; }

 private:
  parquet::RowBuffer& RowsOf(std::optional<int64_t> hour);
  parquet::RowBuffer& DeadLetterRowsOf(base::Timestamp came);
  void Append(const Message& message, const events::DecodedEvent& event);
  void Cover(int32_t partition, int64_t from, int64_t to);
  void AppendDeadLetter(int32_t partition, int64_t offset, int64_t offsets, std::string_view kind,
                        const std::string& reasons_json, const Message* message, base::Timestamp now);

  const events::EventShape& shape_;
  const EventLayout& layout_;
  TopicName topic_;
  std::string run_id_;
  std::unordered_map<int64_t, std::unique_ptr<HourOfRows>> hours_;
  int64_t last_hour_ = INT64_MIN;  // Events of one hour tend to follow each other.
  parquet::RowBuffer* last_rows_ = nullptr;
  const std::vector<base::Column> dead_letter_columns_;  // Of a file.
  std::map<int64_t, parquet::RowBuffer> dead_letter_hours_;
  std::map<int32_t, OffsetRange> ranges_;
  int32_t last_partition_ = -1;
  OffsetRange* last_range_ = nullptr;
  std::vector<DriftRecord> drift_;
  int64_t events_ = 0;
  int64_t dead_letters_ = 0;
  uint64_t bytes_ = 0;
  std::string first_reason_;
};

}  // namespace qlake::stream
