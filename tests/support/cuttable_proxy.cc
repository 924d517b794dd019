#include "support/cuttable_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace qlake::testing {
namespace {

constexpr int kLookMs = 20;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

sockaddr* Generic(sockaddr_in& address) {
  void* any = &address;
  return static_cast<sockaddr*>(any);
}

int Connect(int port) {
  int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(port);
  if (connect(socket_fd, Generic(address), sizeof address) == 0) return socket_fd;
  close(socket_fd);
  return -1;
}

// With a reset instead of an orderly end.
void Reset(int socket_fd) {
  linger at_once{1, 0};
  setsockopt(socket_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// How many bytes went over; 0 or less: the sender is at its end.
ssize_t Pass(int from, int to) {
  std::array<char, 16384> buffer;
  ssize_t bytes = recv(from, buffer.data(), buffer.size(), 0);
  for (ssize_t sent = 0; sent < bytes;) {
    ssize_t step = send(to, buffer.data() + sent, static_cast<size_t>(bytes - sent), MSG_NOSIGNAL);
    if (step <= 0) return -1;
    sent += step;
  }
  return bytes;
}

}  // namespace

CuttableProxy::CuttableProxy(int server_port) : server_port_(server_port), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, Generic(address), sizeof address) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, Generic(address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

CuttableProxy::~CuttableProxy() {
  is_over_ = true;
  acceptor_.join();
  for (auto& forwarder : forwarders_) forwarder.join();
  close(listener_);
}

void CuttableProxy::Accept() {
  while (!is_over_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kLookMs) <= 0) continue;
    int client = accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    ++connections_;
    forwarders_.emplace_back([this, client] { Forward(client); });
  }
}

void CuttableProxy::Forward(int client) {
  int server = Connect(server_port_);
  int64_t from_server = 0;
  while (!is_over_ && server >= 0) {
    std::array<pollfd, 2> ends = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (is_frozen_) {
      poll(nullptr, 0, kLookMs);
      continue;
    }
    if (poll(ends.data(), ends.size(), kLookMs) <= 0) continue;
    if (ends[0].revents != 0 && Pass(client, server) <= 0) break;
    if (ends[1].revents == 0) continue;
    ssize_t bytes = Pass(server, client);
    if (bytes <= 0) break;
    from_server += bytes;
    if (cut_after_ > 0 && from_server > cut_after_) {
      ++cuts_;
      Reset(client);
      Reset(server);
      break;
    }
  }
  close(client);
  if (server >= 0) close(server);
}

}  // namespace qlake::testing
