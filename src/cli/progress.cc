#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace qlake::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedraw{200};

double SecondsSince(Clock::time_point moment) { return std::chrono::duration<double>(Clock::now() - moment).count(); }

std::string Rate(const engine::ScanProgress& scan, double seconds) {
  if (scan.rows_done == 0 || scan.bytes_done >= scan.bytes_total || seconds < 0.2) return "";
  double bytes_a_second = static_cast<double>(scan.bytes_done) / seconds;
  double left = static_cast<double>(scan.bytes_total - scan.bytes_done) / bytes_a_second;
  return fmt::format("  {} rows  {:.0f} rows/s  {:.1f} MB/s  {:.0f} s left", scan.rows_done,
                     static_cast<double>(scan.rows_done) / seconds, bytes_a_second / 1e6, left);
}

}  // namespace

Progress::Progress(bool quiet, std::function<engine::ScanProgress()> scan)
    : live_(!quiet && isatty(STDERR_FILENO) != 0), quiet_(quiet), scan_(std::move(scan)), began_(Clock::now()) {
  if (live_) ticker_ = std::thread([this] { Tick(); });
}

Progress::~Progress() {
  if (!live_) return;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  ticker_.join();
  std::fputs("\r\033[K", stderr);
}

void Progress::Stage(const std::string& stage) {
  if (quiet_) return;
  std::lock_guard lock(mutex_);
  stage_ = stage;
  stage_began_ = Clock::now();
  if (live_) {
    Draw();
  } else {
    std::fputs(fmt::format("{:7.2f} s  {}\n", SecondsSince(began_), stage).c_str(), stderr);
  }
}

void Progress::Tick() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kRedraw, [this] { return done_; })) Draw();
}

void Progress::Draw() {
  std::string line = fmt::format("{:6.1f} s  {}{}", SecondsSince(began_), stage_, Rate(scan_(), SecondsSince(stage_began_)));
  std::fputs(("\r\033[K" + line).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace qlake::cli
