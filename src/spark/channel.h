#pragma once

#include <grpcpp/grpcpp.h>
#include <spark/connect/base.grpc.pb.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "spark/connection.h"
#include "spark/statement_error.h"

// One session's way to its server. For this room alone: it shows gRPC's types.
namespace qlake::spark {

namespace proto = ::spark::connect;

class Channel {
 public:
  using Stub = proto::SparkConnectService::Stub;
  using Clock = std::chrono::steady_clock;

  // Does no I/O. Throws Error{kInput} for a CA file that cannot be read, and a token that would go out in clear.
  explicit Channel(Connection connection);
  ~Channel();  // Waits a moment for what ReleaseExecution has not sent yet.
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const Connection& connection() const { return connection_; }
  const std::string& session_id() const { return session_id_; }
  Stub& stub() { return *stub_; }

  // With the token; without a deadline, when `timeout` is zero.
  std::unique_ptr<grpc::ClientContext> NewContext(std::chrono::milliseconds timeout) const;

  // A request in the name of this session, as the server that we know.
  template <typename Request>
  Request NewRequest() const {
    Request request;
    Identify(request);
    if (std::string id = server_session(); !id.empty()) request.set_client_observed_server_side_session_id(id);
    return request;
  }

  // The server gives a session a name of its own, by which it and we notice that one of us is not who it was.
  template <typename Response>
  void Observe(const Response& response) {
    std::lock_guard lock(mutex_);
    if (server_session_.empty()) server_session_ = response.server_side_session_id();
  }

  // One question, asked again until the connection's time-out is over while the server cannot be reached.
  template <typename Request, typename Response>
  Response Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request) {
    auto deadline = Clock::now() + connection_.timeout;
    while (true) {
      Response response;
      auto context = NewContext(connection_.answer_timeout);
      grpc::Status status = (stub().*method)(context.get(), request, &response);
      if (status.ok()) {
        Observe(response);
        return response;
      }
      ThrowUnlessBroken(status, deadline);
    }
  }

  // Lets the server forget a statement and its answer, without waiting for that.
  void ReleaseExecution(const std::string& operation_id);
  // Of this user. Failures are left alone: the server forgets idle sessions by itself.
  void ReleaseSession(const std::string& session_id);

  // From any thread.
  void Interrupt();
  void CheckInterrupted() const;  // Throws.
  bool is_interrupted() const { return is_interrupted_; }

  // What a failed call means; `sql` is what its positions count in, or empty. May ask the server for details.
  [[noreturn]] void Throw(const grpc::Status& status, const std::string& sql);

 private:
  template <typename Request>
  void Identify(Request& request) const {
    request.set_session_id(session_id_);
    request.mutable_user_context()->set_user_id(connection_.user);
    request.mutable_user_context()->set_user_name(connection_.user);
    request.set_client_type("qlake");
  }
  std::string server_session() const;
  // Takes the answers to releases that have come in.
  void EndReleases();
  // Returns, after a pause, when it is worth while to ask again.
  void ThrowUnlessBroken(const grpc::Status& status, Clock::time_point deadline);

  const Connection connection_;
  const std::string session_id_;
  std::unique_ptr<Stub> stub_;
  std::atomic<bool> is_interrupted_ = false;
  mutable std::mutex mutex_;
  std::string server_session_;      // Guarded by mutex_.
  grpc::CompletionQueue releases_;  // Where their answers come in.
};

// The connection failed, not the request: the same may go well when it is tried again.
bool IsBroken(const grpc::Status& status);

// Throws Error{kUnavailable}: there is no server, or it fell silent.
[[noreturn]] void ThrowGone(const Connection& connection, const grpc::Status& status);

}  // namespace qlake::spark
