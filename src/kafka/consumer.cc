#include "kafka/consumer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <utility>

#include "base/log.h"
#include "kafka/client.h"

namespace qlake::kafka {
namespace {

using Clock = std::chrono::steady_clock;

// How long Poll waits before it looks whether a rebalance or Wake happened.
constexpr std::chrono::milliseconds kWaitSlice{50};
constexpr std::chrono::milliseconds kOffsetsWait{2000};
constexpr int64_t kUnknownOffset = RD_KAFKA_OFFSET_INVALID;

Properties PropertiesOf(const ConsumerOptions& options) {
  Properties properties = {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      // Its events make rd_kafka_consume_batch_queue (2.11.1) take the position to be one behind the end: after a
      // rebalance, the next message would be skipped.
      {"enable.partition.eof", "false"},
      {"isolation.level", "read_committed"},
      {"check.crcs", "true"},
      {"allow.auto.create.topics", "false"},
      {"partition.assignment.strategy", "cooperative-sticky"},
      // librdkafka wants a group even of those that join none.
      {"group.id", options.group.empty() ? "qlake" : options.group},
      {"session.timeout.ms", std::to_string(options.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(std::max<int64_t>(options.session_timeout.count() / 4, 1))},
      {"max.poll.interval.ms", std::to_string(std::max(options.poll_interval_max, options.session_timeout).count())},
      {"queued.min.messages", std::to_string(options.queue_messages_max)},
      {"queued.max.messages.kbytes", std::to_string(std::max<uint64_t>(options.queue_bytes_max >> 10, 1))},
      // A response may overshoot the queue by so much.
      {"fetch.max.bytes", std::to_string(std::clamp<uint64_t>(options.queue_bytes_max / 4, 1 << 20, 50 << 20))},
      // The queue is full all the time while we are the slower ones; by default the fetcher then sleeps a second.
      {"fetch.queue.backoff.ms", "5"},
      {"fetch.wait.max.ms", "100"},
      {"fetch.error.backoff.ms", "100"},
  };
  if (!options.instance.empty()) properties["group.instance.id"] = options.instance;
  return properties;
}

Owned<rd_kafka_topic_partition_list_t> ListOf(const std::string& topic, std::span<const int32_t> partitions) {
  Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (int32_t partition : partitions) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  return list;
}

std::vector<int32_t> PartitionsOf(const rd_kafka_topic_partition_list_t& list) {
  std::vector<int32_t> partitions;
  for (int i = 0; i < list.cnt; ++i) partitions.push_back(list.elems[i].partition);
  return partitions;
}

Message MessageOf(const rd_kafka_message_t& held) {
  Message message;
  message.partition = held.partition;
  message.offset = held.offset;
  message.has_key = held.key != nullptr;
  message.has_value = held.payload != nullptr;
  message.key = {static_cast<const char*>(held.key), message.has_key ? held.key_len : 0};
  message.value = {static_cast<const char*>(held.payload), message.has_value ? held.len : 0};
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  message.time_ms = rd_kafka_message_timestamp(&held, &type);
  message.time_is_brokers = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
  return message;
}

}  // namespace

Batch::Batch() = default;
Batch::~Batch() { Release(); }
Batch::Batch(Batch&& other) noexcept { *this = std::move(other); }

Batch& Batch::operator=(Batch&& other) noexcept {
  if (this == &other) return *this;
  Release();
  messages_ = std::exchange(other.messages_, {});
  ends_ = std::exchange(other.ends_, {});
  held_ = std::exchange(other.held_, {});
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void Batch::Release() {
  for (void* held : held_) rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(held));
  held_.clear();
}

class Consumer::Subscription {
 public:
  Subscription(ConsumerOptions options, Rebalance rebalance)
      : options_(std::move(options)),
        rebalance_(std::move(rebalance)),
        client_(options_.connection, {RD_KAFKA_CONSUMER, PropertiesOf(options_), SetCallbacks, this}) {
    client_.Reach();
    cluster_id_ = client_.ClusterId();
    topic_ = client_.DescribeTopic(options_.topic);
    rd_kafka_poll_set_consumer(client_.get());
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    if (options_.group.empty()) {
      AssignAll();
    } else {
      Subscribe();
    }
  }

  ~Subscription() {
    closing_ = true;
    // A group whose change was not applied is not left.
    for (const Change& change : changes_) {
      auto list = ListOf(topic_.name, change.partitions);
      auto apply = change.assign ? rd_kafka_incremental_assign : rd_kafka_incremental_unassign;
      Owned<rd_kafka_error_t> ignored(apply(client_.get(), list.get()));
    }
    rd_kafka_consumer_close(client_.get());
  }

  // Fills the batch; messages that came before an error are handed out before it is thrown.
  void Poll(Batch& batch, std::chrono::milliseconds timeout, size_t messages_max) {
    auto deadline = Clock::now() + timeout;
    while (true) {
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      ApplyRebalance();
      client_.CheckTrouble();
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      auto wait = std::clamp(left, std::chrono::milliseconds(0), kWaitSlice);
      auto received = Receive(wait, messages_max);
      Take(batch, received);
      if (received.size() < messages_max) FindEnds(batch);
      if (!batch.empty() || woken_.exchange(false)) return;
      if (!failure_ && Clock::now() >= deadline) return;
    }
  }

  void Wake() { woken_ = true; }

  void SetPaused(bool paused) {
    paused_ = paused;
    if (!assigned_.empty()) ApplyPause(assigned_);
  }

  void CheckTopicIsTheSame() {
    Topic now = client_.DescribeTopic(options_.topic);
    if (now.id == topic_.id) return;
    throw base::CorruptError(
        "topic {} was deleted and made anew while we read it (id {} is now {}): start again, from the offsets that are "
        "wanted of the new one",
        topic_.name, topic_.id, now.id);
  }

  Range Offsets(int32_t partition) {
    Range range;
    auto wait = std::min(options_.connection.timeout, kOffsetsWait);
    auto code = rd_kafka_query_watermark_offsets(client_.get(), topic_.name.c_str(), partition, &range.begin,
                                                 &range.end, static_cast<int>(wait.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
    throw base::UnavailableError("kafka does not tell the offsets of topic {}, partition {}: {}", topic_.name,
                                 partition, rd_kafka_err2str(code));
  }

  Range KnownOffsets(int32_t partition) const {
    Range range{kUnknownOffset, kUnknownOffset};
    rd_kafka_get_watermark_offsets(client_.get(), topic_.name.c_str(), partition, &range.begin, &range.end);
    return range;
  }

  int64_t Lag() {
    int64_t lag = 0;
    for (int32_t partition : assigned_) {
      const PartitionState& state = StateOf(partition);
      lag += std::max<int64_t>(std::max(KnownOffsets(partition).end, state.end_min) - state.next, 0);
    }
    return lag;
  }

  void ShowProgress(std::span<const StartOffset> next_offsets) {
    if (options_.group.empty()) return;
    Owned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size())));
    for (const auto& next : next_offsets) {
      rd_kafka_topic_partition_list_add(list.get(), topic_.name.c_str(), next.partition)->offset = next.offset;
    }
    constexpr int kDoNotWait = 1;
    rd_kafka_commit(client_.get(), list.get(), kDoNotWait);
  }

  const std::string& cluster_id() const { return cluster_id_; }
  const Topic& topic() const { return topic_; }
  std::span<const int32_t> assigned() const { return assigned_; }
  bool has_assignment() const { return has_assignment_; }
  const std::optional<std::string>& trouble() const { return client_.trouble(); }

 private:
  struct PartitionState {
    int64_t next = 0;                   // The offset behind what was handed out.
    int64_t end_min = 0;                // The end when it was assigned.
    int64_t end_told = kUnknownOffset;  // The last end that was handed out.
  };

  PartitionState& StateOf(int32_t partition) {
    auto index = static_cast<size_t>(partition);
    if (index >= states_.size()) states_.resize(index + 1);
    return states_[index];
  }

  struct Change {
    bool assign = false;
    bool lost = false;
    std::vector<int32_t> partitions;
  };

  static void SetCallbacks(rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, OnRebalance); }

  // Only notes the change: what our caller does about it may throw, which must not pass through librdkafka. The group
  // waits until we apply it.
  static void OnRebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                          void* opaque) {
    auto& self = *static_cast<Subscription*>(Client::OwnerOf(opaque));
    bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    if (!self.closing_) {
      self.changes_.push_back({assign, rd_kafka_assignment_lost(handle) != 0, PartitionsOf(*partitions)});
    } else if (!assign) {
      Owned<rd_kafka_error_t> ignored(rd_kafka_incremental_unassign(handle, partitions));
    }
  }

  void Subscribe() {
    auto list = ListOf(topic_.name, std::vector<int32_t>{RD_KAFKA_PARTITION_UA});
    auto code = rd_kafka_subscribe(client_.get(), list.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    throw base::InputError("cannot subscribe to topic {}: {}", topic_.name, rd_kafka_err2str(code));
  }

  void AssignAll() {
    Change all{true, false, {}};
    for (int32_t partition = 0; partition < topic_.partitions; ++partition) all.partitions.push_back(partition);
    changes_.push_back(all);
  }

  // A change that its listener or the broker fails at stays due.
  void ApplyRebalance() {
    while (!changes_.empty()) {
      const Change& change = changes_.front();
      if (change.assign) {
        auto present = PresentOffsets(change.partitions);
        if (!present) return;
        Assign(change.partitions, *present);
      } else {
        Revoke(change);
      }
      changes_.erase(changes_.begin());
    }
  }

  // Asked at each assignment: what librdkafka remembers of a partition may be from before it was away. Nothing while no
  // broker answers.
  std::optional<std::vector<Range>> PresentOffsets(const std::vector<int32_t>& partitions) {
    std::vector<Range> ranges;
    try {
      for (int32_t partition : partitions) ranges.push_back(Offsets(partition));
    } catch (const base::Error& error) {
      client_.NoteTrouble(RD_KAFKA_RESP_ERR__TIMED_OUT, error.message());
      return std::nullopt;
    }
    return ranges;
  }

  void Assign(const std::vector<int32_t>& partitions, const std::vector<Range>& present) {
    std::vector<StartOffset> starts;
    if (!partitions.empty()) starts = rebalance_.assigned(partitions);
    QLAKE_CHECK(starts.size() == partitions.size());
    auto list = ListOf(topic_.name, partitions);
    for (const auto& start : starts) {
      auto* wanted = rd_kafka_topic_partition_list_find(list.get(), topic_.name.c_str(), start.partition);
      QLAKE_CHECK(wanted != nullptr);
      const Range& range =
          present[static_cast<size_t>(std::ranges::find(partitions, start.partition) - partitions.begin())];
      wanted->offset = start.offset;
      if (start.offset == kFromBeginning) wanted->offset = range.begin;
      if (start.offset == kFromEnd) wanted->offset = range.end;
      StateOf(start.partition) = {.next = wanted->offset, .end_min = range.end};
    }
    if (auto* error = rd_kafka_incremental_assign(client_.get(), list.get())) ThrowUnassignable(error);
    has_assignment_ = true;
    assigned_.insert(assigned_.end(), partitions.begin(), partitions.end());
    std::ranges::sort(assigned_);
    if (paused_ && !partitions.empty()) ApplyPause(partitions);
  }

  void Revoke(const Change& change) {
    if (!change.partitions.empty() && rebalance_.revoked) rebalance_.revoked(change.partitions, change.lost);
    std::erase_if(assigned_, [&](int32_t partition) { return std::ranges::count(change.partitions, partition) > 0; });
    auto list = ListOf(topic_.name, change.partitions);
    if (auto* error = rd_kafka_incremental_unassign(client_.get(), list.get())) ThrowUnassignable(error);
  }

  [[noreturn]] void ThrowUnassignable(rd_kafka_error_t* error) const {
    throw base::UnavailableError("kafka's client does not take its partitions of topic {}: {}", topic_.name,
                                 TextOf(error));
  }

  void ApplyPause(const std::vector<int32_t>& partitions) {
    auto list = ListOf(topic_.name, partitions);
    if (paused_) {
      rd_kafka_pause_partitions(client_.get(), list.get());
    } else {
      rd_kafka_resume_partitions(client_.get(), list.get());
    }
  }

  // librdkafka would wait for a full batch until the time is over: so wait for one message, then take what is there.
  std::span<rd_kafka_message_t*> Receive(std::chrono::milliseconds wait, size_t messages_max) {
    received_.resize(std::max<size_t>(messages_max, 1));
    size_t count = ReceiveInto(received_, std::chrono::milliseconds(0));
    if (count == 0 && wait.count() > 0) {
      count = ReceiveInto(std::span(received_).first(1), wait);
      if (count == 1) count += ReceiveInto(std::span(received_).subspan(1), std::chrono::milliseconds(0));
    }
    return std::span(received_).first(count);
  }

  size_t ReceiveInto(std::span<rd_kafka_message_t*> messages, std::chrono::milliseconds wait) {
    if (messages.empty()) return 0;
    ssize_t count =
        rd_kafka_consume_batch_queue(queue_.get(), static_cast<int>(wait.count()), messages.data(), messages.size());
    return static_cast<size_t>(std::max<ssize_t>(count, 0));
  }

  void Take(Batch& batch, std::span<rd_kafka_message_t*> received) {
    batch.messages_.reserve(received.size());
    batch.held_.reserve(received.size());
    for (rd_kafka_message_t* held : received) {
      batch.held_.push_back(held);
      if (held->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        TakeFailure(*held);
        continue;
      }
      const Message& message = batch.messages_.emplace_back(MessageOf(*held));
      batch.bytes_ += message.key.size() + message.value.size();
      StateOf(message.partition).next = message.offset + 1;
    }
    if (!batch.empty()) client_.NoteWell();
  }

  // The queue is empty: which partitions are read to their end?
  void FindEnds(Batch& batch) {
    for (int32_t partition : assigned_) {
      PartitionState& state = StateOf(partition);
      int64_t end = std::max(KnownOffsets(partition).end, state.end_min);
      if (end == state.end_told) continue;
      if (state.next < end) state.next = std::max(state.next, PositionOf(partition));
      if (state.next != end) continue;
      state.end_told = end;
      batch.ends_.push_back({partition, end});
    }
  }

  // As librdkafka counts, which sees what is no message, too.
  int64_t PositionOf(int32_t partition) const {
    auto list = ListOf(topic_.name, std::array<int32_t, 1>{partition});
    rd_kafka_position(client_.get(), list.get());
    return list->elems[0].offset;
  }

  void TakeFailure(const rd_kafka_message_t& event) {
    if (failure_) return;
    try {
      Judge(event);
    } catch (const base::Error&) {
      failure_ = std::current_exception();
    }
  }

  // Returns when the client gets over it by itself.
  void Judge(const rd_kafka_message_t& event) {
    const char* text = rd_kafka_message_errstr(&event);
    switch (event.err) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
        ThrowVanished(event, text);
      case RD_KAFKA_RESP_ERR__BAD_MSG:
      case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        ThrowUnreadable(event, text);
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        throw base::CorruptError("topic {} is not there any more: {}", topic_.name, text);
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
      case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
        throw base::InputError("kafka does not let us read topic {} as group {}: {}", topic_.name, options_.group,
                               text);
      case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        base::LogWarn("the group has gone on without us: nothing was polled for too long",
                      {{"topic", topic_.name}, {"group", options_.group}});
        return;
      default:
        // A failure at an offset makes librdkafka go on behind it.
        if (event.offset >= 0) ThrowUnreadable(event, text);
        client_.NoteTrouble(event.err, text);
    }
  }

  [[noreturn]] void ThrowUnreadable(const rd_kafka_message_t& event, const char* text) const {
    throw base::CorruptError("topic {}, partition {}: a message at or behind offset {} cannot be read: {}", topic_.name,
                             event.partition, event.offset, text);
  }

  [[noreturn]] void ThrowVanished(const rd_kafka_message_t& event, const char* text) {
    std::string has;
    try {
      Range range = Offsets(event.partition);
      has = fmt::format("it has {} to {}", range.begin, range.end - 1);
      if (range.begin == range.end) has = fmt::format("it has none, the next will be {}", range.end);
    } catch (const base::Error&) {
      has = text;
    }
    throw base::CorruptError(
        "topic {}, partition {}: the broker does not have offset {}, which is the next one wanted ({}): messages were "
        "deleted before they were read, or the topic is not the one that it was; nothing is skipped unless you say so",
        topic_.name, event.partition, event.offset, has);
  }

  const ConsumerOptions options_;
  const Rebalance rebalance_;
  std::string cluster_id_;
  Topic topic_;
  std::vector<int32_t> assigned_;
  std::vector<PartitionState> states_;  // By partition.
  std::vector<Change> changes_;
  std::vector<rd_kafka_message_t*> received_;
  std::exception_ptr failure_;  // Came behind messages that are to be handed out first.
  std::atomic<bool> woken_ = false;
  bool has_assignment_ = false;
  bool paused_ = false;
  bool closing_ = false;
  Client client_;  // Goes before what its callbacks touch.
  Owned<rd_kafka_queue_t> queue_;
};

Consumer::Consumer(ConsumerOptions options, Rebalance rebalance)
    : subscription_(std::make_unique<Subscription>(std::move(options), std::move(rebalance))) {}
Consumer::~Consumer() = default;

Batch Consumer::Poll(std::chrono::milliseconds timeout, size_t messages_max) {
  Batch batch;
  subscription_->Poll(batch, timeout, messages_max);
  return batch;
}

void Consumer::Wake() { subscription_->Wake(); }
void Consumer::Pause() { subscription_->SetPaused(true); }
void Consumer::Resume() { subscription_->SetPaused(false); }
const std::string& Consumer::cluster_id() const { return subscription_->cluster_id(); }
const Topic& Consumer::topic() const { return subscription_->topic(); }
void Consumer::CheckTopicIsTheSame() { subscription_->CheckTopicIsTheSame(); }
std::span<const int32_t> Consumer::assigned() const { return subscription_->assigned(); }
Consumer::Range Consumer::Offsets(int32_t partition) { return subscription_->Offsets(partition); }

bool Consumer::has_assignment() const { return subscription_->has_assignment(); }

std::optional<int64_t> Consumer::KnownEnd(int32_t partition) const {
  int64_t end = subscription_->KnownOffsets(partition).end;
  if (end < 0) return std::nullopt;
  return end;
}

int64_t Consumer::Lag() { return subscription_->Lag(); }
const std::optional<std::string>& Consumer::trouble() const { return subscription_->trouble(); }
void Consumer::ShowProgress(std::span<const StartOffset> next_offsets) { subscription_->ShowProgress(next_offsets); }

}  // namespace qlake::kafka
