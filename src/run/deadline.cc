#include "run/deadline.h"

#include <cstdlib>

#include "base/log.h"

namespace qlake::run {
namespace {

// An engine that was between two statements hears nothing: it is told until the run ends.
constexpr std::chrono::milliseconds kRepeat{200};
constexpr std::chrono::seconds kGrace{10};
constexpr int kExitFailed = 1;

}  // namespace

Deadline::Deadline(lake::Lake& lake, std::chrono::milliseconds timeout) {
  if (timeout.count() == 0) return;
  lake.database();  // Open before another thread asks for it.
  watch_ = std::thread([this, &lake, timeout] {
    std::chrono::steady_clock::time_point over_at;
    std::unique_lock lock(mutex_);
    for (auto wait = timeout; !ended_.wait_for(lock, wait, [this] { return ends_; }); wait = kRepeat) {
      if (!is_over_.exchange(true)) over_at = std::chrono::steady_clock::now();
      lake.Interrupt();
      if (std::chrono::steady_clock::now() - over_at < kGrace) continue;
      // A call of the system that never returns, on a server of files that is gone: nobody else can end it. As after
      // any kill, what was committed stands.
      base::LogError("the run took longer than run.timeout and hangs where nothing can be interrupted: it ends here",
                     {{"timeout_ms", timeout.count()}});
      std::_Exit(kExitFailed);
    }
  });
}

Deadline::~Deadline() { End(); }

void Deadline::End() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
    ended_.notify_all();
  }
  if (watch_.joinable()) watch_.join();
}

}  // namespace qlake::run
