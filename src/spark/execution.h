#pragma once

#include <memory>
#include <optional>
#include <string>

#include "spark/channel.h"

// For this room alone: it shows gRPC's types.
namespace qlake::spark {

// One statement at the server and the stream of its answer. Looks after the stream: attaches anew where it was cut, and
// finds out whether a silent server lives. Not thread-safe.
class Execution {
 public:
  // Sends nothing yet. `sql` is what positions in failures count in, or empty.
  Execution(Channel& channel, proto::Plan plan, std::string sql);
  ~Execution();  // A statement whose end was not seen is given up at the server, too.
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  // False: that was all. Throws what Session says.
  [[nodiscard]] bool Next(proto::ExecutePlanResponse& response);

 private:
  using Clock = Channel::Clock;
  class Stream;
  enum class Way { kExecute, kReattach };

  void Open();
  // Returns when it is worth while to open the stream again.
  void HandleEnd(const grpc::Status& status);
  void Pause(const grpc::Status& status);

  Channel& channel_;
  const std::string sql_;
  proto::ExecutePlanRequest request_;
  std::unique_ptr<Stream> stream_;
  Way way_ = Way::kExecute;
  bool was_sent_ = false;
  bool is_complete_ = false;
  std::string last_response_;  // Its id.
  std::optional<Clock::time_point> broken_since_;
  std::chrono::milliseconds pause_;
};

}  // namespace qlake::spark
