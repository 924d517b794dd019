#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "engine/duckdb/database.h"

namespace qlake::cli {

// What is being done, on standard error: on a terminal one live line (stage, rows, rows/s, MB/s, time left), elsewhere a plain
// line when a stage begins. Quiet, it does nothing at all.
class Progress {
 public:
  // `scan` tells how far the current scan has come; called from a thread of its own, at most 5 times a second.
  Progress(bool quiet, std::function<engine::ScanProgress()> scan);
  ~Progress();  // Clears the live line.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Stage(const std::string& stage);

 private:
  void Tick();
  void Draw();

  const bool live_;
  const bool quiet_;
  std::function<engine::ScanProgress()> scan_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::string stage_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point stage_began_;
  std::thread ticker_;
};

}  // namespace qlake::cli
