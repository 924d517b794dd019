#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "cli/quantity.h"
#include "report/display_width.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::milliseconds kLiveInterval{200};
constexpr std::chrono::seconds kPlainInterval{10};
constexpr double kRateSecondsMin = 0.2;   // Before that, a rate says nothing.
constexpr double kPlainSecondsMin = 0.1;  // A stage that is over sooner is no news.
constexpr std::string_view kEraseLine = "\r\033[K";

size_t TerminalWidth() {
  winsize size{};
  bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void WriteToStandardError(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

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

Progress::Style Progress::StyleOf(bool quiet) {
  if (quiet) return Style::kQuiet;
  return ::isatty(STDERR_FILENO) != 0 ? Style::kLive : Style::kPlain;
}

Progress::Progress(Style style, std::function<engine::ScanProgress()> scan) : style_(style), scan_(std::move(scan)) {
  if (style_ != Style::kQuiet) ticker_ = std::thread([this] { Tick(); });
}

Progress::~Progress() {
  if (style_ == Style::kQuiet) return;
  {
    std::lock_guard lock(mutex_);
    EndStage();
    done_ = true;
  }
  wake_.notify_one();
  ticker_.join();
}

void Progress::Follow(run::RunSettings& settings) {
  if (style_ == Style::kQuiet) return;
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
  if (style_ == Style::kQuiet) return;
  std::lock_guard lock(mutex_);
  EndStage();
  estimate_.Begin(stage, Now());
  stage_ = stage;
  stage_began_ = Clock::now();
  scanned_before_ = scan_();
  if (style_ == Style::kLive) ShowUnderWay();
}

void Progress::Tick() {
  std::unique_lock lock(mutex_);
  auto interval = style_ == Style::kLive ? std::chrono::milliseconds(kLiveInterval) : kPlainInterval;
  while (!wake_.wait_for(lock, interval, [this] { return done_; })) {
    if (!stage_.empty()) ShowUnderWay();
  }
}

// REQUIRES: mutex_ is held.
void Progress::ShowUnderWay() {
  std::string line = DescribeProgress(stage_, ScannedInStage(), SecondsSince(stage_began_), SecondsLeft());
  if (style_ == Style::kLive) {
    WriteToStandardError(std::string(kEraseLine) + report::CutToWidth(report::Printable(line), TerminalWidth() - 1));
  } else {
    WriteToStandardError(line + "\n");
  }
}

// REQUIRES: mutex_ is held.
void Progress::EndStage() {
  auto scanned = ScannedInStage();
  estimate_.End(Now());
  if (style_ == Style::kLive) WriteToStandardError(kEraseLine);
  double seconds = SecondsSince(stage_began_);
  if (style_ == Style::kPlain && !stage_.empty() && seconds >= kPlainSecondsMin) {
    WriteToStandardError(DescribeEnd(stage_, scanned, seconds, SecondsLeft()) + "\n");
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
