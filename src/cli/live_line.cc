#include "cli/live_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "report/display_width.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::milliseconds kLiveInterval{200};
constexpr std::chrono::milliseconds kPlainInterval{10'000};
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

}  // namespace

ProgressStyle ProgressStyleOf(bool quiet) {
  if (quiet) return ProgressStyle::kQuiet;
  return ::isatty(STDERR_FILENO) != 0 ? ProgressStyle::kLive : ProgressStyle::kPlain;
}

LiveLine::LiveLine(ProgressStyle style, std::function<std::string()> describe)
    : style_(style), describe_(std::move(describe)) {
  if (style_ != ProgressStyle::kQuiet) ticker_ = std::thread([this] { Tick(); });
}

LiveLine::~LiveLine() {
  if (style_ == ProgressStyle::kQuiet) return;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  ticker_.join();
  Erase();
}

void LiveLine::Show() {
  if (style_ == ProgressStyle::kQuiet) return;
  std::string line = describe_();
  if (line.empty()) return;
  if (style_ == ProgressStyle::kPlain) return WriteToStandardError(line + "\n");
  WriteToStandardError(std::string(kEraseLine) + report::CutToWidth(report::Printable(line), TerminalWidth() - 1));
}

void LiveLine::Erase() {
  if (style_ == ProgressStyle::kLive) WriteToStandardError(kEraseLine);
}

void LiveLine::Print(const std::string& text) {
  if (style_ == ProgressStyle::kQuiet) return;
  Erase();
  WriteToStandardError(text + "\n");
}

void LiveLine::Tick() {
  std::unique_lock lock(mutex_);
  auto interval = style_ == ProgressStyle::kLive ? kLiveInterval : kPlainInterval;
  while (!wake_.wait_for(lock, interval, [this] { return done_; })) {
    lock.unlock();
    Show();
    lock.lock();
  }
}

}  // namespace qlake::cli
