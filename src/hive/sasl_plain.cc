#include "hive/sasl_plain.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"

namespace qlake::hive {
namespace {

using apache::thrift::transport::TTransport;

enum Status : uint8_t { kStart = 1, kGoOn = 2, kDone = 5 };

constexpr size_t kHeadBytes = 5;
constexpr uint32_t kMessageBytesMax = 64 << 10;

void Send(TTransport& transport, Status status, const std::string& bytes) {
  std::string message(1, static_cast<char>(status));
  for (int shift = 24; shift >= 0; shift -= 8) message.push_back(static_cast<char>(bytes.size() >> shift & 0xFF));
  message += bytes;
  transport.write(reinterpret_cast<const uint8_t*>(message.data()), static_cast<uint32_t>(message.size()));
}

struct Message {
  uint8_t status = 0;
  std::string bytes;
};

Message Receive(TTransport& transport, const std::string& server) {
  std::array<uint8_t, kHeadBytes> head{};
  transport.readAll(head.data(), kHeadBytes);
  uint32_t length = 0;
  for (size_t i = 1; i < kHeadBytes; ++i) length = length << 8 | head[i];
  if (length > kMessageBytesMax) throw base::InputError("what answers at {} is no HiveServer2 with SASL", server);
  Message message{head[0], std::string(length, '\0')};
  if (length > 0) transport.readAll(reinterpret_cast<uint8_t*>(message.bytes.data()), length);
  return message;
}

}  // namespace

void LogInPlain(TTransport& transport, const std::string& server, const std::string& user,
                const std::string& password) {
  Send(transport, kStart, "PLAIN");
  Send(transport, kGoOn, std::string(1, '\0') + user + std::string(1, '\0') + password);
  transport.flush();
  auto answer = Receive(transport, server);
  if (answer.status == kDone) return;
  throw base::InputError("HiveServer2 at {} does not let {} in: {}", server, user, answer.bytes);
}

}  // namespace qlake::hive
