#include "kafka/producer.h"

#include "kafka/client.h"

namespace qlake::kafka {
namespace {

constexpr int kWaitMs = 20;
constexpr int kPollEvery = 1024;  // Sends between two looks at what came back.

Properties PropertiesOf(const ProducerOptions& options) {
  return {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.type", options.compression},
      {"message.max.bytes", "10485760"},  // Before compression; the topic's own limit counts behind it.
      {"linger.ms", std::to_string(options.linger.count())},
      {"queue.buffering.max.kbytes", std::to_string(options.queue_bytes_max >> 10)},
      {"queue.buffering.max.messages", "200000"},
      {"message.timeout.ms", std::to_string(std::chrono::milliseconds(options.give_up_after).count())},
      {"partitioner", "murmur2_random"},
      {"delivery.report.only.error", "true"},
  };
}

struct DestroyTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

}  // namespace

class Producer::Channel {
 public:
  explicit Channel(const ProducerOptions& options)
      : topic_name_(options.topic),
        client_(options.connection, {RD_KAFKA_PRODUCER, PropertiesOf(options), SetCallbacks, this}) {
    client_.Reach();
    client_.DescribeTopic(topic_name_);
    topic_.reset(rd_kafka_topic_new(client_.get(), topic_name_.c_str(), nullptr));
    QLAKE_CHECK(topic_ != nullptr);
  }

  ~Channel() {
    // Else librdkafka waits for messages that nobody waits for.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), kWaitMs);
  }

  void Send(std::string_view key, std::string_view value) {
    if (++sent_ % kPollEvery == 0) LookBack(0);
    while (!Enqueue(key, value)) LookBack(kWaitMs);
  }

  void Flush() {
    while (rd_kafka_outq_len(client_.get()) > 0) {
      rd_kafka_flush(client_.get(), kWaitMs);
      LookBack(0);
    }
    LookBack(0);
  }

  void CheckFailures() { LookBack(0); }
  int64_t acknowledged() const { return sent_ - rd_kafka_outq_len(client_.get()) - failed_; }
  const std::optional<std::string>& trouble() const { return client_.trouble(); }

 private:
  static void SetCallbacks(rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery); }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<Channel*>(Client::OwnerOf(opaque));
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    ++self.failed_;
    if (!self.failure_) self.failure_ = rd_kafka_err2str(message->err);
  }

  // False: the queue is full.
  bool Enqueue(std::string_view key, std::string_view value) {
    // The C API takes no const, but with F_COPY it only reads.
    int failed = rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                  const_cast<char*>(value.data()), value.size(), key.data(), key.size(), nullptr);
    if (failed == 0) return true;
    auto code = rd_kafka_last_error();
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    throw base::InputError("topic {} does not take a message of {} bytes: {}", topic_name_, value.size(),
                           rd_kafka_err2str(code));
  }

  void LookBack(int wait_ms) {
    rd_kafka_poll(client_.get(), wait_ms);
    if (failure_) {
      throw base::UnavailableError("topic {}: {} messages were not acknowledged: {}{}", topic_name_, failed_, *failure_,
                                   client_.trouble() ? ": " + *client_.trouble() : "");
    }
    client_.CheckTrouble();
  }

  const std::string topic_name_;
  int64_t sent_ = 0;
  int64_t failed_ = 0;
  std::optional<std::string> failure_;
  Client client_;
  std::unique_ptr<rd_kafka_topic_t, DestroyTopic> topic_;
};

Producer::Producer(const ProducerOptions& options) : channel_(std::make_unique<Channel>(options)) {}
Producer::~Producer() = default;
void Producer::Send(std::string_view key, std::string_view value) { channel_->Send(key, value); }
void Producer::Flush() { channel_->Flush(); }
void Producer::CheckFailures() { channel_->CheckFailures(); }
int64_t Producer::acknowledged() const { return channel_->acknowledged(); }
const std::optional<std::string>& Producer::trouble() const { return channel_->trouble(); }

}  // namespace qlake::kafka
