#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/event_shape.h"
#include "kafka/schema_registry.h"
#include "lake/lake.h"
#include "stream/message_source.h"

namespace qlake::stream {

struct StreamOptions {
  // A batch is written when it has so many messages, so many bytes of them, or its first message came so long ago.
  size_t batch_messages_max = 250'000;
  uint64_t batch_bytes_max = uint64_t{64} << 20;
  std::chrono::milliseconds batch_age_max{1000};
  // The breaker: a batch in which more than that share is bad stops the stream, when it judged so many messages.
  double bad_share_max = 0.5;
  int64_t bad_messages_min = 100;
  bool until_idle = false;     // Ends when everything that there is has been read.
  bool until_settled = false;  // Ends when no partition of ours has dead letters that are ahead of its events.
  std::optional<std::chrono::milliseconds> run_for = {};  // Ends after that time.
  // Where the schemas of messages stand that carry a schema's id; nothing: such messages are no good events.
  std::optional<kafka::SchemaRegistryOptions> registry = {};
  std::chrono::milliseconds registry_wait{30'000};  // A registry that is away is waited for so long.
  std::string run_id;
  std::function<void()> before_write = {};  // Before each batch; what it throws ends the stream, the batch unwritten.
};

// What a stream did. Only what it committed counts.
struct StreamReport {
  int64_t messages = 0;
  int64_t events = 0;
  int64_t dead_letters = 0;
  int64_t batches = 0;
  uint64_t bytes = 0;
  int64_t restarts = 0;  // Times that another instance had read on in a partition of ours.
};

// topic -> events.<name> and dead letters: every message exactly once in one of the two tables, however often the
// stream or the broker is killed. Holds no lease: the batch job runs beside it. Run() is called once; all but Stop()
// and report() are for one thread.
class EventStream {
 public:
  virtual ~EventStream() = default;

  // Until idle, until the time is over, or until Stop(). What has been read by then is committed. Throws
  // Error{kCorrupt} on an offset that is no longer there, Error{kInput} when the breaker opens (nothing of that batch
  // is written), Error{kUnavailable} when others keep taking our partitions or a server stays away.
  virtual StreamReport Run() = 0;

  virtual void Stop() = 0;                  // From any thread: Run() commits what it has and returns.
  virtual StreamReport report() const = 0;  // From any thread.
};

// Reads and judges in this process, drift included. Several instances run side by side.
class Stream final : public EventStream {
 public:
  using OpenSource = std::function<std::unique_ptr<MessageSource>(PartitionOwner&)>;

  // `open` is called again when a partition was found to be another instance's.
  Stream(lake::Lake& lake, const events::EventShape& shape, OpenSource open, StreamOptions options);
  ~Stream() override;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  StreamReport Run() override;
  void Stop() override;
  StreamReport report() const override;

 private:
  class Work;

  std::unique_ptr<Work> work_;
};

}  // namespace qlake::stream
