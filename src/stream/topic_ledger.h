#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/event_shape.h"
#include "lake/lake.h"

namespace qlake::stream {

// The account of one partition of a topic: every offset before `offsets` is in one of the two tables.
struct PartitionAccount {
  std::string topic;
  std::string topic_id;
  int32_t partition = 0;
  int64_t offsets = 0;        // Up to which it has been read.
  int64_t loaded = 0;         // Events in events.<name>, put back ones among them.
  int64_t dead_lettered = 0;  // Messages that are dead letters still.
  int64_t no_message = 0;     // Offsets that hold no message.

  bool Closes() const { return offsets == loaded + dead_lettered + no_message; }
};

// By topic and partition. Counts the rows of both tables at versions that belong together. Empty when nothing was
// streamed.
std::vector<PartitionAccount> ReadTopicLedger(lake::Lake& lake, const events::EventShape& shape);

}  // namespace qlake::stream
