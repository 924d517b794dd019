#include "run/retries.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/log.h"

namespace qlake::run {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMax{30'000};
constexpr milliseconds kCancelPoll{50};

bool IsCancelled(const RetryOptions& options) { return options.is_cancelled && options.is_cancelled(); }

milliseconds Elapsed(const RetryOptions& options) {
  if (options.elapsed) return options.elapsed();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

void Pause(const RetryOptions& options, milliseconds pause) {
  auto until = Elapsed(options) + pause;
  while (Elapsed(options) < until && !IsCancelled(options)) {
    auto part = std::min(until - Elapsed(options), kCancelPoll);
    options.sleep ? options.sleep(part) : std::this_thread::sleep_for(part);
  }
}

}  // namespace

void WithRetries(const RetryOptions& options, const std::function<void()>& attempt) {
  std::optional<milliseconds> deadline;
  for (milliseconds pause = options.pause;; pause = std::min(pause * 2, kPauseMax)) {
    try {
      return attempt();
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kUnavailable || IsCancelled(options)) throw;
      if (!deadline) deadline = Elapsed(options) + options.retry_for;
      if (Elapsed(options) + pause > *deadline) throw;
      base::LogWarn("tried again soon", {{"why", error.message()}, {"pause_ms", pause.count()}});
      Pause(options, pause);
      if (IsCancelled(options)) throw;
    }
  }
}

}  // namespace qlake::run
