#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace qlake::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                                   // 0: one that is free.
  std::chrono::milliseconds page_age_max{5'000};  // A page of /metrics is given to all who ask so soon again.
};

// A small HTTP server: GET /metrics (Prometheus' text), GET /healthz (200 while it answers).
class MetricsServer {
 public:
  // `page` makes the text of /metrics; called by one thread at a time. What it throws as base::Error is answered with
  // 503 and logged.
  MetricsServer(ServerOptions options, std::function<std::string()> page);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Binds. Throws Error{kInput} when the address is taken or not ours. Returns the port.
  int Bind();
  void Run();   // Until Stop(). REQUIRES: Bind() has returned.
  void Stop();  // From any thread.

 private:
  class Pages;
  std::unique_ptr<Pages> pages_;
};

}  // namespace qlake::serve
