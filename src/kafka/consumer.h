#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/connection.h"
#include "kafka/topic.h"

namespace qlake::kafka {

// Start offsets that are no numbers.
inline constexpr int64_t kFromBeginning = -2;
inline constexpr int64_t kFromEnd = -1;

struct Message {
  int32_t partition = 0;
  bool has_value = true;  // False: a tombstone, whose value is null.
  bool has_key = false;
  bool time_is_brokers = false;  // False: the topic keeps the producer's time (message.timestamp.type=CreateTime).
  int64_t offset = 0;
  int64_t time_ms = -1;  // Since 1970 in UTC; -1: the message carries none.
  std::string_view key;
  std::string_view value;
};

// The partition's end was reached: everything before `offset` has been handed out, and there is nothing behind it yet.
// `offset` may lie beyond that of the last message by what is no message: marks of transactions, compacted records.
struct PartitionEnd {
  int32_t partition = 0;
  int64_t offset = 0;
};

// Messages as they came, in order within each partition. Their bytes live as long as the batch, which must not outlive
// its consumer. Movable.
class Batch {
 public:
  Batch();
  ~Batch();
  Batch(Batch&& other) noexcept;
  Batch& operator=(Batch&& other) noexcept;

  std::span<const Message> messages() const { return messages_; }
  std::span<const PartitionEnd> ends() const { return ends_; }
  bool empty() const { return messages_.empty() && ends_.empty(); }
  uint64_t bytes() const { return bytes_; }  // Of keys and values.

 private:
  friend class Consumer;
  void Release();

  std::vector<Message> messages_;
  std::vector<PartitionEnd> ends_;
  std::vector<void*> held_;  // librdkafka's messages, whose bytes the views point to.
  uint64_t bytes_ = 0;
};

struct StartOffset {
  int32_t partition = 0;
  int64_t offset = 0;  // Of the first message wanted, or kFromBeginning, kFromEnd.
};

// Called within Consumer::Poll, on its thread; may throw.
struct Rebalance {
  // These partitions are ours now: where does each start? Offsets are kept in the lake, Kafka's own store is not used.
  // REQUIRES: one answer for each.
  std::function<std::vector<StartOffset>(std::span<const int32_t> partitions)> assigned;
  // These go to another instance as soon as this returns; all their messages that Poll will ever hand out have been.
  // `lost`: they may be its already (we were away too long).
  std::function<void(std::span<const int32_t> partitions, bool lost)> revoked;
};

struct ConsumerOptions {
  Connection connection;
  std::string topic;
  std::string group;     // Instances of one group share the partitions; empty: this one reads all of them.
  std::string instance;  // Under one name an instance that died and came back has its partitions at once; empty: none.
  std::chrono::milliseconds session_timeout{10'000};     // An instance that is silent so long has lost its partitions.
  std::chrono::milliseconds poll_interval_max{600'000};  // And one that did not call Poll so long.
  // Payload that waits to be handed out; the client's own bookkeeping comes to some 300 bytes a message beside it.
  uint64_t queue_bytes_max = uint64_t{32} << 20;
  int64_t queue_messages_max = 200'000;
};

// Reads one topic. Where it starts is its caller's to say, and what vanished is never skipped: an offset that the
// broker has no longer, or not yet, ends Poll with Error{kCorrupt}. A broker that goes away and comes back is waited
// for. Not thread-safe, but for Wake.
class Consumer {
 public:
  // Reaches the cluster, describes the topic, joins the group. Throws Error{kInput} on a wrong password or certificate,
  // an unknown topic, or one that we may not read; Error{kUnavailable} when no broker answers in time.
  Consumer(ConsumerOptions options, Rebalance rebalance);
  ~Consumer();  // Leaves the group, unless it is an instance with a name. Calls nothing of Rebalance.
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // What has come, at most `messages_max`; waits for the first of it, and does not wait for more. Empty when the time
  // is over or after Wake. Throws what Rebalance throws, Error{kCorrupt} for vanished offsets and broken messages,
  // Error{kInput} when the cluster refuses us for good.
  [[nodiscard]] Batch Poll(std::chrono::milliseconds timeout, size_t messages_max);

  // Ends a Poll that waits, or else the next one. From any thread.
  void Wake();

  // While paused nothing is fetched, Poll hands out nothing, and we stay in the group as long as Poll is called. Goes
  // on where Poll has come to. For short waits it is enough not to call Poll: what is queued is bounded.
  void Pause();
  void Resume();

  const std::string& cluster_id() const;
  const Topic& topic() const;

  // Throws Error{kCorrupt} when the topic is another one than when this consumer was made. What was polled before the
  // call is then from the topic that topic() names.
  void CheckTopicIsTheSame();

  std::span<const int32_t> assigned() const;
  // Whether it has been said which partitions are ours; of a group that has more instances than partitions, none.
  bool has_assignment() const;

  // The first offset that the broker has and the one behind the last. Asks the broker. Throws Error{kUnavailable}.
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  Range Offsets(int32_t partition);

  // The partition's end as the last fetch told it; nothing before the first one. Asks nobody.
  std::optional<int64_t> KnownEnd(int32_t partition) const;

  // Messages behind what Poll has handed out, over all assigned partitions as far as KnownEnd tells.
  int64_t Lag();

  // What the connection suffers from right now, for people: a broker that is gone. Nothing while all is well.
  const std::optional<std::string>& trouble() const;

  // Shows Kafka's own tools how far this group is. Nothing of ours reads it back; failures are left alone.
  void ShowProgress(std::span<const StartOffset> next_offsets);

 private:
  class Subscription;

  std::unique_ptr<Subscription> subscription_;
};

}  // namespace qlake::kafka
