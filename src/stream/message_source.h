#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace qlake::stream {

// A topic by what never changes: positions in the lake are kept under cluster and id, so that a topic that is deleted
// and made anew under its name begins anew.
struct TopicName {
  std::string cluster_id;
  std::string id;
  std::string name;
};

struct Message {
  int32_t partition = 0;
  int64_t offset = 0;
  base::Timestamp broker_time;  // When the broker took it in; of a source that has no broker, when it was read.
  bool has_value = true;        // False: a message without a value (Kafka's tombstone).
  std::string_view key;
  std::string_view value;
};

// Everything before `offset` has been handed out, and nothing is behind it yet. It may lie beyond the last message by
// offsets that hold none.
struct PartitionEnd {
  int32_t partition = 0;
  int64_t offset = 0;
};

// Lives until the next Poll of its source.
struct Polled {
  std::span<const Message> messages;  // In order within each partition.
  std::span<const PartitionEnd> ends;
};

// Called within MessageSource::Poll; may throw.
class PartitionOwner {
 public:
  virtual ~PartitionOwner() = default;
  // These partitions are ours now. Returns the offset at which each is to go on, in their order; nothing: at the first
  // that there is.
  virtual std::vector<std::optional<int64_t>> Assigned(std::span<const int32_t> partitions) = 0;
  // These are no longer ours. `lost`: another instance may have read on already.
  virtual void Revoked(std::span<const int32_t> partitions, bool lost) = 0;
};

// A topic to read: of Kafka, or a file of JSON lines. An offset that is asked for and is no longer there, or not yet,
// ends Poll with Error{kCorrupt}: nothing is ever skipped. Not thread-safe, but for Wake.
class MessageSource {
 public:
  virtual ~MessageSource() = default;

  virtual const TopicName& topic() const = 0;
  // What has come, at most `messages_max`; waits for the first of it. Empty when the time is over or after Wake.
  [[nodiscard]] virtual Polled Poll(std::chrono::milliseconds timeout, size_t messages_max) = 0;
  // Whether every partition that is ours has been handed out to its present end; also when none has been ours for a
  // while, because others read them all.
  virtual bool IsAtEnd() const = 0;
  // Throws Error{kCorrupt} when what was polled may be of another topic of this name. Asked before a batch is written.
  virtual void CheckIsTheSame() = 0;
  // Ends a Poll that waits, or else the next one. From any thread.
  virtual void Wake() = 0;
  // The lake holds everything before these offsets. For the eyes of others; nothing depends on it.
  virtual void ShowProgress(std::span<const PartitionEnd> next_offsets) = 0;
};

}  // namespace qlake::stream
