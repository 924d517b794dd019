#include "cli/interrupts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/error.h"
#include "cli/context.h"

namespace qlake::cli {
namespace {

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupts::Interrupts() {
  sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || stop_fd_ < 0) {
    throw base::IoError("cannot watch for Ctrl-C: {}", std::generic_category().message(errno));
  }
  watcher_ = std::thread([this] { Watch(); });
}

Interrupts::~Interrupts() {
  eventfd_write(stop_fd_, 1);
  watcher_.join();
  ::close(stop_fd_);
  ::close(signal_fd_);
}

void Interrupts::Watch() {
  std::array<pollfd, 2> waited = {{{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
  while (true) {
    int ready = ::poll(waited.data(), waited.size(), happened_ ? tidy_up_ms_.load() : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && waited[1].revents != 0) return;
    if (happened_) ::_exit(kExitInterrupted);  // The second signal, or the time to tidy up is over.
    signalfd_siginfo signal;
    if (::read(signal_fd_, &signal, sizeof signal) != sizeof signal) continue;
    happened_ = true;
    CallAction();
  }
}

void Interrupts::CallAction() {
  std::lock_guard lock(mutex_);
  if (action_) action_();
}

Interrupts::Scope::Scope(Interrupts& interrupts, std::function<void()> action, std::chrono::milliseconds tidy_up)
    : interrupts_(interrupts) {
  std::lock_guard lock(interrupts_.mutex_);
  interrupts_.tidy_up_ms_ = static_cast<int>(tidy_up.count());
  interrupts_.action_ = std::move(action);
}

Interrupts::Scope::~Scope() {
  std::lock_guard lock(interrupts_.mutex_);
  interrupts_.action_ = nullptr;
  interrupts_.tidy_up_ms_ = static_cast<int>(kTidyUp.count());
}

}  // namespace qlake::cli
