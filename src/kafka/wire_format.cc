#include "kafka/wire_format.h"

namespace qlake::kafka {

std::optional<FramedMessage> Unframe(std::string_view message) {
  if (message.size() < kFrameBytes || message[0] != '\0') return std::nullopt;
  uint32_t id = 0;
  for (size_t i = 1; i < kFrameBytes; ++i) id = id << 8 | static_cast<uint8_t>(message[i]);
  return FramedMessage{static_cast<int32_t>(id), message.substr(kFrameBytes)};
}

std::string Frame(int32_t schema_id, std::string_view payload) {
  std::string message(1, '\0');
  const auto id = static_cast<uint32_t>(schema_id);
  for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(id >> shift & 0xFF);
  message += payload;
  return message;
}

}  // namespace qlake::kafka
