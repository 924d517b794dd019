#include "cli/progress.h"

#include <fmt/format.h>

#include "cli/quantity.h"

namespace qlake::cli {
namespace {

constexpr double kRateSecondsMin = 0.2;   // Before that, a rate says nothing.
constexpr double kPlainSecondsMin = 0.1;  // A stage that is over sooner is no news.

double SecondsSince(std::chrono::steady_clock::time_point moment) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - moment).count();
}

}  // namespace

std::string DescribeProgress(const std::string& stage, const engine::ScanProgress& scanned, double seconds) {
  bool is_scanning = scanned.bytes_done > 0 && scanned.bytes_done < scanned.bytes_total;
  if (!is_scanning || seconds < kRateSecondsMin) return fmt::format("{}: {}", stage, FormatSeconds(seconds));
  double bytes_a_second = static_cast<double>(scanned.bytes_done) / seconds;
  double seconds_left = static_cast<double>(scanned.bytes_total - scanned.bytes_done) / bytes_a_second;
  auto rows_a_second = static_cast<int64_t>(static_cast<double>(scanned.rows_done) / seconds);
  return fmt::format("{}: {} rows, {} rows/s, {}/s, {} left", stage, FormatCount(scanned.rows_done),
                     FormatCount(rows_a_second), FormatBytes(static_cast<uint64_t>(bytes_a_second)),
                     FormatSeconds(seconds_left));
}

std::string DescribeEnd(const std::string& stage, const engine::ScanProgress& scanned, double seconds) {
  std::string rows = scanned.rows_done > 0 ? FormatCount(scanned.rows_done) + " rows, " : "";
  return fmt::format("{}: {}{}", stage, rows, FormatSeconds(seconds));
}

Progress::Progress(Style style, std::function<engine::ScanProgress()> scan)
    : scan_(std::move(scan)), line_(style, [this] { return Describe(); }) {}

Progress::~Progress() {
  std::lock_guard lock(mutex_);
  EndStage();
}

void Progress::Stage(const std::string& stage) {
  if (line_.style() == Style::kQuiet) return;
  {
    std::lock_guard lock(mutex_);
    EndStage();
    stage_ = stage;
    stage_began_ = Clock::now();
    scanned_before_ = scan_();
  }
  if (line_.style() == Style::kLive) line_.Show();
}

std::string Progress::Describe() {
  std::lock_guard lock(mutex_);
  return stage_.empty() ? "" : DescribeProgress(stage_, ScannedInStage(), SecondsSince(stage_began_));
}

// REQUIRES: mutex_ is held.
void Progress::EndStage() {
  line_.Erase();
  double seconds = SecondsSince(stage_began_);
  if (line_.style() == Style::kPlain && !stage_.empty() && seconds >= kPlainSecondsMin) {
    line_.Print(DescribeEnd(stage_, ScannedInStage(), seconds));
  }
  stage_.clear();
}

// A scan counts from 0, and none runs when a stage begins: other numbers than then are those of a scan of this stage.
engine::ScanProgress Progress::ScannedInStage() const {
  engine::ScanProgress now = scan_();
  bool is_new = now.rows_done != scanned_before_.rows_done || now.bytes_done != scanned_before_.bytes_done;
  return is_new ? now : engine::ScanProgress{};
}

}  // namespace qlake::cli
