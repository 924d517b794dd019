#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/connection.h"

namespace qlake::kafka {

struct ProducerOptions {
  Connection connection;
  std::string topic;
  std::string compression = "lz4";          // none, gzip, snappy, lz4, zstd
  std::chrono::milliseconds linger{5};      // A message waits so long for others that go with it.
  uint64_t queue_bytes_max = 32u << 20;     // Sent and not yet acknowledged.
  std::chrono::seconds give_up_after{300};  // A message that is not acknowledged by then has failed.
};

// Writes to one topic, each message once and in the order of sending within its partition, whatever the network repeats
// (an idempotent producer, acknowledged by all replicas). The key chooses the partition, as Java's clients do. Not
// thread-safe.
class Producer {
 public:
  // Throws Error{kInput} on a wrong password or certificate and on an unknown topic, Error{kUnavailable} when no broker
  // answers in time.
  explicit Producer(const ProducerOptions& options);
  ~Producer();  // What is not acknowledged by then may or may not arrive: Flush first.
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Copies both. Waits while the queue is full. Throws Error{kUnavailable} when messages failed, Error{kInput} when the
  // cluster refuses us or one is larger than it takes.
  void Send(std::string_view key, std::string_view value);

  // Waits until all that was sent is acknowledged; throws as Send does.
  void Flush();

  // Throws what Send would, without sending: for those who do not send all the time.
  void CheckFailures();

  int64_t acknowledged() const;
  const std::optional<std::string>& trouble() const;

 private:
  class Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace qlake::kafka
