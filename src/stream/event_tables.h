#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stream/drift.h"
#include "stream/event_batch.h"
#include "stream/table_append.h"

namespace qlake::stream {

// How far the lake has come with a partition of a topic. Both count in next offsets; dead letters are never behind.
struct PartitionPosition {
  std::optional<int64_t> events;        // Of events.<name>; nothing: the partition is new.
  std::optional<int64_t> dead_letters;  // Of events.<name>_dead_letter.
  // Of offsets between the two, those that the dead letters hold, as [from, to). All others there are good events,
  // whatever today's contract says of them.
  std::vector<OffsetRange> settled;

  int64_t settled_until() const { return std::max(events.value_or(0), dead_letters.value_or(0)); }
};

// Which application's txn a partition's position is, in both tables.
std::string PositionApp(const TopicName& topic, int32_t partition);
// The partition of a position, and its topic's cluster and id as one text; nothing when the app is another one.
struct PositionName {
  std::string topic;  // cluster/id
  int32_t partition = 0;
};
std::optional<PositionName> ParsePositionApp(const std::string& app_id);
// What EventOrigin::topic_id says of the position's topic.
std::string TopicIdOf(const PositionName& name);

// The partition of the table that events of an hour since 1970 go to; nothing: the hour is not known.
delta::PartitionValues PartitionOfHour(std::optional<int64_t> hour);

// events.<name>, its dead letters and ops.drift, as one stream writes them. Not thread-safe.
class EventTables {
 public:
  EventTables(lake::Lake& lake, const events::EventShape& shape, const std::string& run_id);

  const std::vector<base::Column>& event_columns() const { return events_.columns(); }

  // Reads anew what has been committed.
  PartitionPosition ReadPosition(const TopicName& topic, int32_t partition);
  void ReadDrift(KnownDrift& known);

  // The batch, and the positions behind it, for good: 1. drift, 2. dead letters, 3. events. Each is one commit; a crash
  // between leaves dead letters ahead of events, and the next one to read settles that by ReadPosition. False when
  // another instance has moved a position of the batch: nothing more is written then, and what was read is stale.
  [[nodiscard]] bool Commit(EventBatch& batch);

  // The same in two steps, for files that stand in the tables' folders already: dead letters of those offsets, then
  // events. `gaps`, of which only dead letters are taken: stretches of these offsets without a message. REQUIRES: of
  // each partition the ranges of a table follow each other, and the events' end is not ahead of the dead letters'.
  using Ranges = std::map<int32_t, OffsetRange>;
  [[nodiscard]] bool CommitDeadLetters(const TopicName& topic, const Ranges& ranges, std::vector<delta::AddFile> files);
  [[nodiscard]] bool CommitEvents(const TopicName& topic, const Ranges& ranges, std::vector<delta::AddFile> files,
                                  EventBatch* gaps);

 private:
  std::vector<delta::SetTransaction> PositionsAt(const TopicName& topic, const Ranges& ranges) const;
  bool HasMoved(const EventBatch& batch) const;
  std::vector<OffsetRange> ReadSettled(const TopicName& topic, int32_t partition, OffsetRange between);

  lake::Lake& lake_;
  const events::EventShape& shape_;
  std::string run_id_;
  TableAppend dead_letters_;  // Before the events: whoever sees a position of the events sees its dead letters, too.
  TableAppend events_;
  std::optional<TableAppend> drift_;       // Once there is any.
  std::map<std::string, int64_t> judged_;  // By app: the position of the dead letters as we know it.
};

}  // namespace qlake::stream
