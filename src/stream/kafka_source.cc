#include "stream/kafka_source.h"

#include <algorithm>

namespace qlake::stream {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Who has to hand a partition over to us writes its batch first.
constexpr std::chrono::seconds kWithoutPartitionMax{5};

}  // namespace

KafkaSource::KafkaSource(kafka::ConsumerOptions options, const base::Clock& clock, PartitionOwner& owner)
    : clock_(clock),
      consumer_(std::move(options), RebalanceTo(owner)),
      topic_{consumer_.cluster_id(), consumer_.topic().id, consumer_.topic().name} {}

kafka::Rebalance KafkaSource::RebalanceTo(PartitionOwner& owner) {
  kafka::Rebalance rebalance;
  rebalance.assigned = [this, &owner](std::span<const int32_t> partitions) {
    auto offsets = owner.Assigned(partitions);
    std::vector<kafka::StartOffset> starts;
    for (size_t i = 0; i < partitions.size(); ++i) {
      starts.push_back({partitions[i], offsets[i].value_or(kafka::kFromBeginning)});
      is_at_end_[partitions[i]] = false;
    }
    return starts;
  };
  rebalance.revoked = [this, &owner](std::span<const int32_t> partitions, bool lost) {
    for (int32_t partition : partitions) is_at_end_.erase(partition);
    owner.Revoked(partitions, lost);
  };
  return rebalance;
}

Polled KafkaSource::Poll(std::chrono::milliseconds timeout, size_t messages_max) {
  messages_.clear();
  ends_.clear();
  batch_ = consumer_.Poll(timeout, messages_max);
  base::Timestamp now = clock_.Now();
  for (const auto& message : batch_.messages()) {
    // A topic may keep its producers' times; none of them makes the future come earlier.
    // A producer's own time may be anything.
    bool is_past = message.time_ms >= 0 && message.time_ms < now.us / 1000;
    base::Timestamp time = is_past ? base::Timestamp{message.time_ms * 1000} : now;
    messages_.push_back({message.partition, message.offset, time, message.has_value, message.key, message.value});
    is_at_end_[message.partition] = false;
  }
  for (const auto& end : batch_.ends()) {
    ends_.push_back({end.partition, end.offset});
    is_at_end_[end.partition] = true;
  }
  if (!consumer_.has_assignment() || !consumer_.assigned().empty()) {
    without_partition_since_.reset();
  } else if (!without_partition_since_) {
    without_partition_since_ = SteadyClock::now();
  }
  return {messages_, ends_};
}

bool KafkaSource::IsAtEnd() const {
  if (without_partition_since_) return SteadyClock::now() - *without_partition_since_ >= kWithoutPartitionMax;
  return !is_at_end_.empty() &&
         std::all_of(is_at_end_.begin(), is_at_end_.end(), [](const auto& partition) { return partition.second; });
}

void KafkaSource::ShowProgress(std::span<const PartitionEnd> next_offsets) {
  std::vector<kafka::StartOffset> offsets;
  for (const auto& next : next_offsets) offsets.push_back({next.partition, next.offset});
  consumer_.ShowProgress(offsets);
}

}  // namespace qlake::stream
