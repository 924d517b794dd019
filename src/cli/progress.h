#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "cli/job_estimate.h"
#include "cli/live_line.h"
#include "engine/duckdb/database.h"
#include "run/runner.h"

namespace qlake::cli {

// What is being done, on standard error. On a terminal one live line: stage, rows, rows/s, MB/s, and how long the whole
// job still takes. Elsewhere a plain line when a stage ends, and every 10 seconds while it does not. Quiet, nothing at
// all, and no thread.
class Progress {
 public:
  using Style = ProgressStyle;
  static Style StyleOf(bool quiet) { return ProgressStyleOf(quiet); }

  // `scan` tells how far the current scan has come; called from a thread of its own, at most 5 times a second.
  Progress(Style style, std::function<engine::ScanProgress()> scan);
  ~Progress();  // Ends the last stage; the live line goes.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Has the settings tell this of what the run does.
  void Follow(run::RunSettings& settings);
  void Stage(const std::string& stage);

 private:
  using Clock = std::chrono::steady_clock;

  std::string Describe();
  void EndStage();
  engine::ScanProgress ScannedInStage() const;
  double Now() const;
  std::optional<double> SecondsLeft() const;

  std::function<engine::ScanProgress()> scan_;
  std::mutex mutex_;  // Guards what follows.
  std::string stage_;
  Clock::time_point stage_began_;
  engine::ScanProgress scanned_before_;  // When the stage began.
  engine::ScanProgress ingested_;        // While files are taken in.
  Clock::time_point began_ = Clock::now();
  JobEstimate estimate_;
  LiveLine line_;  // Its thread ends before the others go.
};

// "staging sales_transactions: 1,200,000 rows, 850,000 rows/s, 120.3 MB/s, 3.0 s left"; without what is not known.
// `seconds`: since the stage began; `seconds_left`: of the whole job.
std::string DescribeProgress(const std::string& stage, const engine::ScanProgress& scanned, double seconds,
                             std::optional<double> seconds_left);

// "staging sales_transactions: 6,000 rows, 0.3 s, 3.0 s left"
std::string DescribeEnd(const std::string& stage, const engine::ScanProgress& scanned, double seconds,
                        std::optional<double> seconds_left);

}  // namespace qlake::cli
