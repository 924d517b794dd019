#include "stream/message_payload.h"

#include <fmt/format.h>

#include "kafka/wire_format.h"

namespace qlake::stream {

PayloadReader::PayloadReader(const std::optional<kafka::SchemaRegistryOptions>& registry) {
  if (registry) registry_.emplace(*registry);
}

Payload PayloadReader::Read(std::string_view message) {
  auto framed = kafka::Unframe(message);
  if (!framed) return {message, ""};
  if (!registry_) {
    return {{},
            fmt::format("the message begins with the id of a schema, {}, and no schema registry is set (--registry)",
                        framed->schema_id)};
  }
  const kafka::Schema* schema = registry_->Find(framed->schema_id);
  if (schema == nullptr) return {{}, fmt::format("the schema registry knows no schema {}", framed->schema_id)};
  if (schema->type != "JSON") {
    return {{}, fmt::format("its schema {} is one of {}, only JSON is read", framed->schema_id, schema->type)};
  }
  return {framed->payload, ""};
}

std::string_view PayloadReader::WithoutFrame(std::string_view message) {
  auto framed = kafka::Unframe(message);
  return framed ? framed->payload : message;
}

}  // namespace qlake::stream
