#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qlake::kafka {

// A message whose schema stands in a registry: a zero byte, the schema's id as four bytes, the most significant first,
// then the payload (Confluent's wire format, which its serializers for JSON Schema write, too).
struct FramedMessage {
  int32_t schema_id = 0;
  std::string_view payload;
};

inline constexpr size_t kFrameBytes = 5;

// Nothing when the message does not begin like one. JSON never begins with a zero byte.
std::optional<FramedMessage> Unframe(std::string_view message);

std::string Frame(int32_t schema_id, std::string_view payload);

}  // namespace qlake::kafka
