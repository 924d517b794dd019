#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace qlake::maintain {

// How much work one command may do. What has begun is ended, so both limits are passed by one piece at most.
class WorkBudget {
 public:
  struct Limits {
    std::optional<std::chrono::milliseconds> time;
    std::optional<uint64_t> bytes;  // Read, to be written anew.
  };
  explicit WorkBudget(Limits limits) : limits_(limits), began_(std::chrono::steady_clock::now()) {}

  void Spend(uint64_t bytes) { bytes_ += bytes; }
  bool is_spent() const {
    bool out_of_time = limits_.time && std::chrono::steady_clock::now() - began_ >= *limits_.time;
    return out_of_time || (limits_.bytes && bytes_ >= *limits_.bytes);
  }

 private:
  Limits limits_;
  std::chrono::steady_clock::time_point began_;
  uint64_t bytes_ = 0;
};

}  // namespace qlake::maintain
