#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

namespace qlake::testing {

// A TCP proxy on loopback in front of a server there, whose connections break as a test wants them to.
class CuttableProxy {
 public:
  explicit CuttableProxy(int server_port);
  ~CuttableProxy();
  CuttableProxy(const CuttableProxy&) = delete;
  CuttableProxy& operator=(const CuttableProxy&) = delete;

  int port() const { return port_; }

  // Each connection is reset after so many bytes from the server; 0: none is.
  void CutAfter(int64_t bytes) { cut_after_ = bytes; }
  // From now on nothing passes, in either direction, and nobody is told: a network that is gone.
  void Freeze() { is_frozen_ = true; }

  int connections() const { return connections_; }
  int cuts() const { return cuts_; }

 private:
  void Accept();
  void Forward(int client);

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<int64_t> cut_after_ = 0;
  std::atomic<bool> is_frozen_ = false;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int> cuts_ = 0;
  std::list<std::thread> forwarders_;  // Of the acceptor's thread, until it has ended.
  std::thread acceptor_;
};

}  // namespace qlake::testing
