#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "lake/lake.h"

namespace qlake::run {

// Interrupts the lake's engines when the time is over, so that what runs on them fails with Error{kUnavailable}. When
// the run has still not ended 10 s later, the process does: exit code 1.
class Deadline {
 public:
  // 0: there is none, and no thread.
  Deadline(lake::Lake& lake, std::chrono::milliseconds timeout);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool is_over() const { return is_over_; }
  // Interrupts nothing any more.
  void End();

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;  // Guarded by mutex_.
  std::atomic<bool> is_over_ = false;
  std::thread watch_;
};

}  // namespace qlake::run
