#pragma once

#include <chrono>
#include <string>

#include "spark/connection.h"
#include "storage/storage.h"

namespace qlake::stream {

// A folder below _qlake/checkpoints for one pair of queries, and the mark in it by which others see that its owner is
// at work: one stream on Spark at a time writes to a lake. The mark of an owner that is gone expires. Goes with this
// object; what a killed owner left, its queries at the server too, goes with the next stint. Not thread-safe.
class SparkStint {
 public:
  // Throws Error{kUnavailable} while another stream on Spark is at work.
  SparkStint(storage::Storage& storage, const spark::Connection& server);
  ~SparkStint();
  SparkStint(const SparkStint&) = delete;
  SparkStint& operator=(const SparkStint&) = delete;

  const std::string& folder() const { return folder_; }
  // To be called every second or so, from when the session is open.
  void SayAlive(const std::string& session_id);

 private:
  void RemoveLeftovers(const spark::Connection& server);
  void AwaitItsEnd(const std::string& mark_path) const;

  storage::Storage& storage_;
  const std::string folder_;
  std::chrono::steady_clock::time_point said_;
  int64_t beats_ = 0;
};

}  // namespace qlake::stream
