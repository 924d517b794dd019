#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

namespace qlake::cli {

// Ctrl-C and SIGTERM. The first one interrupts what is under way, so that the command fails and tidies up; whether that
// succeeds or not, the process has ended with 130 a second later (or the time that the scope asks for), at once at the
// second one. What lies in the lake is then what a kill -9 leaves, which every command can go on from.
class Interrupts {
 public:
  // REQUIRES: no other thread runs yet; those that start later leave these signals to this object.
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool happened() const { return happened_; }

  static constexpr std::chrono::milliseconds kTidyUp{800};  // Leaves the process time to end within a second.

  // While it lives, an interrupt calls `action` from another thread. One at a time.
  class Scope {
   public:
    Scope(Interrupts& interrupts, std::function<void()> action, std::chrono::milliseconds tidy_up = kTidyUp);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupts& interrupts_;
  };

 private:
  void Watch();
  void CallAction();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  std::atomic<bool> happened_ = false;
  std::mutex mutex_;
  std::function<void()> action_;  // Guarded by mutex_.
  std::atomic<int> tidy_up_ms_ = static_cast<int>(kTidyUp.count());
  std::thread watcher_;
};

}  // namespace qlake::cli
