#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kafka/schema_registry.h"

namespace qlake::stream {

// The event's own text in a message.
struct Payload {
  std::string_view text;
  std::string reason;  // Why there is none; empty: there is.
};

// Takes the frame off messages that carry a schema's id (kafka/wire_format.h). The schema must be known to the registry
// and one of JSON; what the text holds is the contract's to judge. A message without a frame is its own text, so that a
// topic may change over. Not thread-safe.
class PayloadReader {
 public:
  explicit PayloadReader(const std::optional<kafka::SchemaRegistryOptions>& registry);

  // Asks the registry for a schema that comes up first; throws what kafka::SchemaRegistry throws.
  Payload Read(std::string_view message);

  // Of a message that was found good before: asks nobody.
  static std::string_view WithoutFrame(std::string_view message);

 private:
  std::optional<kafka::SchemaRegistry> registry_;
};

}  // namespace qlake::stream
