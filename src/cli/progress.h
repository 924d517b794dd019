#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "cli/live_line.h"
#include "engine/duckdb/database.h"

namespace qlake::cli {

// What is being done, on standard error. On a terminal one live line: stage, rows, rows/s, MB/s, time left. Elsewhere a
// plain line when a stage ends, and every 10 seconds while it does not. Quiet, nothing at all, and no thread.
class Progress {
 public:
  using Style = ProgressStyle;
  static Style StyleOf(bool quiet) { return ProgressStyleOf(quiet); }

  // `scan` tells how far the current scan has come; called from a thread of its own, at most 5 times a second.
  Progress(Style style, std::function<engine::ScanProgress()> scan);
  ~Progress();  // Ends the last stage; the live line goes.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Stage(const std::string& stage);

 private:
  using Clock = std::chrono::steady_clock;

  std::string Describe();
  void EndStage();
  engine::ScanProgress ScannedInStage() const;

  std::function<engine::ScanProgress()> scan_;
  std::mutex mutex_;  // Guards what follows.
  std::string stage_;
  Clock::time_point stage_began_;
  engine::ScanProgress scanned_before_;  // When the stage began.
  LiveLine line_;                        // Its thread ends before the others go.
};

// "staging sales_transactions: 1,200,000 rows, 850,000 rows/s, 120.3 MB/s, 3.0 s left"; without what is not known.
std::string DescribeProgress(const std::string& stage, const engine::ScanProgress& scanned, double seconds);

// "staging sales_transactions: 6,000 rows, 0.3 s"
std::string DescribeEnd(const std::string& stage, const engine::ScanProgress& scanned, double seconds);

}  // namespace qlake::cli
