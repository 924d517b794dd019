#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "kafka/consumer.h"
#include "stream/message_source.h"

namespace qlake::stream {

// A topic of Kafka, shared with the other instances of the consumer's group.
class KafkaSource final : public MessageSource {
 public:
  // Reaches the cluster; throws what kafka::Consumer throws.
  KafkaSource(kafka::ConsumerOptions options, const base::Clock& clock, PartitionOwner& owner);

  const TopicName& topic() const override { return topic_; }
  [[nodiscard]] Polled Poll(std::chrono::milliseconds timeout, size_t messages_max) override;
  bool IsAtEnd() const override;
  void CheckIsTheSame() override { consumer_.CheckTopicIsTheSame(); }
  void Wake() override { consumer_.Wake(); }
  void ShowProgress(std::span<const PartitionEnd> next_offsets) override;

 private:
  kafka::Rebalance RebalanceTo(PartitionOwner& owner);

  const base::Clock& clock_;
  kafka::Consumer consumer_;
  TopicName topic_;
  kafka::Batch batch_;  // Whose bytes the messages point to; goes before the consumer.
  std::vector<Message> messages_;
  std::vector<PartitionEnd> ends_;
  std::map<int32_t, bool> is_at_end_;  // By partition of ours.
  // Since when the group has given us none.
  std::optional<std::chrono::steady_clock::time_point> without_partition_since_;
};

}  // namespace qlake::stream
