#include "serve/metrics_server.h"

#include <httplib.h>

#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/log.h"

namespace qlake::serve {
namespace {

constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr time_t kSocketTimeoutSeconds = 5;  // A client that says nothing must not keep the server from ending.
constexpr size_t kRequestBytesMax = 8'192;

}  // namespace

class MetricsServer::Pages {
 public:
  Pages(ServerOptions options, std::function<std::string()> page)
      : options_(std::move(options)), page_(std::move(page)) {
    server_.set_keep_alive_timeout(1);
    server_.set_read_timeout(kSocketTimeoutSeconds);
    server_.set_write_timeout(kSocketTimeoutSeconds);
    server_.set_payload_max_length(kRequestBytesMax);
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) { Answer(response); });
    server_.Get("/healthz",
                [](const httplib::Request&, httplib::Response& response) { response.set_content("ok\n", kText); });
    server_.Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("qlake: numbers for Prometheus are at /metrics\n", kText);
    });
  }

  int Bind() {
    if (options_.port == 0) {
      options_.port = server_.bind_to_any_port(options_.host);
      if (options_.port > 0) return options_.port;
    } else if (server_.bind_to_port(options_.host, options_.port)) {
      return options_.port;
    }
    throw base::InputError("cannot listen there, the address is taken or not of this machine: {}:{}", options_.host,
                           options_.port);
  }

  void Run() { server_.listen_after_bind(); }
  void Stop() { server_.stop(); }

 private:
  using Clock = std::chrono::steady_clock;

  void Answer(httplib::Response& response) {
    std::lock_guard lock(mutex_);
    try {
      if (!made_at_ || Clock::now() - *made_at_ > options_.page_age_max) {
        text_ = page_();
        made_at_ = Clock::now();
      }
      response.set_content(text_, kPrometheusText);
    } catch (const base::Error& error) {
      base::LogWarn("the metrics could not be collected", {{"why", error.message()}});
      response.status = 503;
      response.set_content(error.message() + "\n", kText);
    }
  }

  ServerOptions options_;
  std::function<std::string()> page_;
  httplib::Server server_;
  std::mutex mutex_;
  std::string text_;  // Guarded by mutex_, as the next.
  std::optional<Clock::time_point> made_at_;
};

MetricsServer::MetricsServer(ServerOptions options, std::function<std::string()> page)
    : pages_(std::make_unique<Pages>(std::move(options), std::move(page))) {}
MetricsServer::~MetricsServer() = default;

int MetricsServer::Bind() { return pages_->Bind(); }
void MetricsServer::Run() { pages_->Run(); }
void MetricsServer::Stop() { pages_->Stop(); }

}  // namespace qlake::serve
