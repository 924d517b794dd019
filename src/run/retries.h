#pragma once

#include <chrono>
#include <functional>

namespace qlake::run {

struct RetryOptions {
  std::chrono::milliseconds retry_for{0};  // From the first failure on; 0: never again.
  std::chrono::milliseconds pause{1'000};  // Before the second try; twice as long before each next, at most 30 s.
  std::function<bool()> is_cancelled;      // Empty: never.
  // The time that passes, and how it is passed; empty: the machine's, whose leaps change nothing here.
  std::function<std::chrono::milliseconds()> elapsed = {};
  std::function<void(std::chrono::milliseconds)> sleep = {};
};

// Calls `attempt` until it ends without Error{kUnavailable}, while the time lasts and nobody cancels; throws what the
// last one threw. Other errors are thrown at once: trying again would not mend them.
void WithRetries(const RetryOptions& options, const std::function<void()>& attempt);

}  // namespace qlake::run
