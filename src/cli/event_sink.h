#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/producer.h"

namespace qlake::cli {

// Where `produce` sends events. Not thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Send(std::string_view key, std::string_view text) = 0;
  virtual void HandOn() = 0;  // What was sent is on its way when it returns, and failures are thrown.
  virtual void Flush() = 0;   // What was sent is there when it returns.
  virtual std::string Name() const = 0;
};

// With a schema's id, each message carries it (kafka/wire_format.h).
std::unique_ptr<EventSink> SendToTopic(const kafka::ProducerOptions& options, std::optional<int32_t> schema_id);

// Adds lines to the file, which is made when it is not there. A line that a killed process left without its end is
// ended first. Throws Error{kIo}.
std::unique_ptr<EventSink> AppendToFile(const std::string& path);

}  // namespace qlake::cli
