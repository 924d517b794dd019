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

std::string DescribeProgress(const std::string& stage, const engine::ScanProgress& scanned, double seconds,
                             std::optional<double> seconds_left) {
  std::string left = seconds_left ? fmt::format(", {} left", FormatSeconds(*seconds_left)) : "";
  bool is_scanning = scanned.bytes_done > 0 && scanned.bytes_done < scanned.bytes_total;
  if (!is_scanning || seconds < kRateSecondsMin) return fmt::format("{}: {}{}", stage, FormatSeconds(seconds), left);
  double bytes_a_second = static_cast<double>(scanned.bytes_done) / seconds;
  auto rows_a_second = static_cast<int64_t>(static_cast<double>(scanned.rows_done) / seconds);
  return fmt::format("{}: {} rows, {} rows/s, {}/s{}", stage, FormatCount(scanned.rows_done),
                     FormatCount(rows_a_second), FormatBytes(static_cast<uint64_t>(bytes_a_second)), left);
}

std::string DescribeEnd(const std::string& stage, const engine::ScanProgress& scanned, double seconds,
                        std::optional<double> seconds_left) {
  std::string rows = scanned.rows_done > 0 ? FormatCount(scanned.rows_done) + " rows, " : "";
  std::string left = seconds_left ? fmt::format(", {} left", FormatSeconds(*seconds_left)) : "";
  return fmt::format("{}: {}{}{}", stage, rows, FormatSeconds(seconds), left);
}

Progress::Progress(Style style, std::function<engine::ScanProgress()> scan)
    : scan_(std::move(scan)), line_(style, [this] { return Describe(); }) {}

Progress::~Progress() {
  std::lock_guard lock(mutex_);
  EndStage();
}

void Progress::Follow(run::RunSettings& settings) {
  if (line_.style() == Style::kQuiet) return;
  settings.on_stage = [this](const std::string& stage) { Stage(stage); };
  settings.on_batch = [this](const model::BatchOutlook& outlook) {
    std::lock_guard lock(mutex_);
    estimate_.Expect(outlook, Now());
  };
  settings.on_ingest = [this](const engine::ScanProgress& ingested) {
    std::lock_guard lock(mutex_);
    ingested_ = ingested;
  };
}

void Progress::Stage(const std::string& stage) {
  if (line_.style() == Style::kQuiet) return;
  {
    std::lock_guard lock(mutex_);
    EndStage();
    estimate_.Begin(stage, Now());
    stage_ = stage;
    stage_began_ = Clock::now();
    scanned_before_ = scan_();
  }
  if (line_.style() == Style::kLive) line_.Show();
}

std::string Progress::Describe() {
  std::lock_guard lock(mutex_);
  if (stage_.empty()) return "";
  return DescribeProgress(stage_, ScannedInStage(), SecondsSince(stage_began_), SecondsLeft());
}

// REQUIRES: mutex_ is held.
void Progress::EndStage() {
  if (stage_.empty()) return;
  auto scanned = ScannedInStage();
  estimate_.End(Now());
  line_.Erase();
  double seconds = SecondsSince(stage_began_);
  if (line_.style() == Style::kPlain && seconds >= kPlainSecondsMin) {
    line_.Print(DescribeEnd(stage_, scanned, seconds, SecondsLeft()));
  }
  stage_.clear();
  ingested_ = {};
}

double Progress::Now() const { return SecondsSince(began_); }

// REQUIRES: mutex_ is held.
std::optional<double> Progress::SecondsLeft() const {
  engine::ScanProgress scanned = ScannedInStage();
  std::optional<double> share;
  if (scanned.bytes_total > 0) {
    share = static_cast<double>(scanned.bytes_done) / static_cast<double>(scanned.bytes_total);
  }
  return estimate_.SecondsLeft(Now(), share);
}

// A scan counts from 0, and none runs when a stage begins: other numbers than then are those of a scan of this stage.
engine::ScanProgress Progress::ScannedInStage() const {
  if (ingested_.bytes_total > 0) return ingested_;
  engine::ScanProgress now = scan_();
  bool is_new = now.rows_done != scanned_before_.rows_done || now.bytes_done != scanned_before_.bytes_done;
  return is_new ? now : engine::ScanProgress{};
}

}  // namespace qlake::cli
