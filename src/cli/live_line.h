#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace qlake::cli {

enum class ProgressStyle { kQuiet, kPlain, kLive };
ProgressStyle ProgressStyleOf(bool quiet);  // Live when standard error is a terminal.

// One line on standard error that says what is under way: on a terminal it is drawn again 5 times a second and goes in
// the end; elsewhere it is written every 10 seconds. Quiet, nothing at all, and no thread.
class LiveLine {
 public:
  // `describe` gives the line, from a thread of its own; empty: there is nothing to say.
  LiveLine(ProgressStyle style, std::function<std::string()> describe);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  ProgressStyle style() const { return style_; }
  void Show();                          // Now, and not only when the time has come. From any thread.
  void Erase();                         // On a terminal, until it is shown again.
  void Print(const std::string& text);  // A line that stays.

 private:
  void Tick();

  const ProgressStyle style_;
  const std::function<std::string()> describe_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;  // Guarded by mutex_.
  std::thread ticker_;
};

}  // namespace qlake::cli
