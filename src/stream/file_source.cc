#include "stream/file_source.h"

#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/digest.h"
#include "base/error.h"

namespace qlake::stream {
namespace {

constexpr size_t kBufferBytes = size_t{4} << 20;
constexpr size_t kLineBytesMax = size_t{64} << 20;  // A longer line is cut: no contract takes a message of that size.
constexpr size_t kFirstLineBytesMax = 64 << 10;     // What counts of the first line.
constexpr std::chrono::milliseconds kGrowthPoll{50};

std::string_view WithoutReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

bool IsWholeObject(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  return parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS && element.is_object();
}

size_t ReadAt(int fd, char* to, size_t bytes, int64_t offset, const std::string& path) {
  ssize_t read = 0;
  do {
    read = pread(fd, to, bytes, offset);
  } while (read < 0 && errno == EINTR);
  if (read < 0) throw base::IoError("cannot read {}: {}", path, std::strerror(errno));
  return static_cast<size_t>(read);
}

}  // namespace

FileSource::FileSource(const std::string& path, const base::Clock& clock, PartitionOwner& owner)
    : path_(path), clock_(clock), owner_(owner) {
  std::error_code failed;
  auto absolute = std::filesystem::canonical(path, failed);
  if (failed) throw base::InputError("cannot open the file of events (--from-file), {}: {}", failed.message(), path);
  path_ = absolute.string();
  fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd_ < 0 || fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    std::string why = fd_ < 0 ? std::strerror(errno) : "it is no plain file";
    if (fd_ >= 0) close(fd_);
    throw base::InputError("cannot open the file of events (--from-file), {}: {}", why, path_);
  }
  topic_.cluster_id = "file";
  topic_.name = path_;
  buffer_.resize(kBufferBytes);
}

FileSource::~FileSource() { close(fd_); }

void FileSource::Wake() {
  std::lock_guard lock(mutex_);
  wake_ = true;
  woken_.notify_all();
}

Polled FileSource::Poll(std::chrono::milliseconds timeout, size_t messages_max) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  messages_.clear();
  ends_.clear();
  while (true) {
    if (!has_begun_) Begin();
    if (has_begun_) ReadLines(messages_max);
    if (!messages_.empty()) break;
    std::unique_lock lock(mutex_);
    auto until = std::min(deadline, std::chrono::steady_clock::now() + kGrowthPoll);
    woken_.wait_until(lock, until, [&] { return wake_; });
    if (std::exchange(wake_, false) || std::chrono::steady_clock::now() >= deadline) break;
  }
  return {messages_, ends_};
}

// Once the first line is there: it is a part of the file's name.
void FileSource::Begin() {
  std::vector<char> first(kFirstLineBytesMax);
  size_t bytes = ReadAt(fd_, first.data(), first.size(), 0, path_);
  std::string_view line(first.data(), bytes);
  size_t end = line.find('\n');
  if (end == std::string_view::npos && bytes < kFirstLineBytesMax && !IsWholeObject(line)) {
    is_at_end_ = true;
    return;
  }
  std::string name = path_ + "\n" + std::string(WithoutReturn(line.substr(0, end)));
  topic_.id = "file-" + base::Sha256Hex(name).substr(0, 32);
  const std::array<int32_t, 1> partitions = {0};
  auto position = owner_.Assigned(partitions).at(0);
  SeekLine(position.value_or(0));
  has_begun_ = true;
}

void FileSource::SeekLine(int64_t line) {
  int64_t lines = 0;
  bool has_tail = false;
  while (lines < line) {
    size_t bytes = ReadAt(fd_, buffer_.data(), buffer_.size(), file_offset_, path_);
    if (bytes == 0) break;
    const char* at = buffer_.data();
    const char* end = at + bytes;
    while (lines < line && at < end) {
      const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
      has_tail = newline == nullptr;
      at = newline == nullptr ? end : newline + 1;
      lines += newline == nullptr ? 0 : 1;
    }
    file_offset_ += at - buffer_.data();
  }
  ended_by_tail_ = lines + 1 == line && has_tail;
  if (ended_by_tail_) ++lines;
  if (lines < line) {
    throw base::CorruptError(
        "{} holds {} lines, of which the lake has read {}: it was cut; give it back its lines, or stream them from a "
        "file "
        "of another name",
        path_, lines, line);
  }
  next_line_ = line;
}

std::string_view FileSource::Unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

// Reads on behind what is in the buffer; false at the end of the file. Moves what the buffer holds.
bool FileSource::Fill() {
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) buffer_.resize(std::min(buffer_.size() * 2, kLineBytesMax));
  size_t bytes = ReadAt(fd_, buffer_.data() + end_, buffer_.size() - end_, file_offset_, path_);
  struct stat status {};
  if (bytes == 0 && (fstat(fd_, &status) != 0 || status.st_size < file_offset_)) {
    throw base::CorruptError("{} was cut while it was read, at {} bytes: begin it anew under another name", path_,
                             file_offset_);
  }
  end_ += bytes;
  file_offset_ += static_cast<int64_t>(bytes);
  return bytes > 0;
}

// Lines that the buffer holds whole. Reads on only when it has none: messages point into the buffer.
void FileSource::ReadLines(size_t messages_max) {
  read_at_ = clock_.Now();
  is_at_end_ = false;
  while (messages_.size() < messages_max) {
    size_t newline = Unread().find('\n');
    if (newline == std::string_view::npos) {
      if (!messages_.empty()) return;
      if (end_ - begin_ >= kLineBytesMax) {
        if (!skips_line_) Add(Unread());
        skips_line_ = true;
        begin_ = end_;
        if (!messages_.empty()) return;
        continue;
      }
      if (Fill()) continue;
      AddTail();
      is_at_end_ = true;
      ends_.push_back({0, next_line_});
      return;
    }
    std::string_view line = Unread().substr(0, newline);
    begin_ += newline + 1;
    if (std::exchange(skips_line_, false)) continue;
    if (std::exchange(ended_by_tail_, false) && IsBlank(line)) continue;
    Add(WithoutReturn(line));
  }
}

void FileSource::Add(std::string_view line) {
  int64_t offset = next_line_++;
  if (IsBlank(line)) return;
  messages_.push_back({.partition = 0, .offset = offset, .broker_time = read_at_, .value = line});
}

void FileSource::AddTail() {
  std::string_view tail = Unread();
  if (skips_line_ || tail.empty() || !IsWholeObject(tail)) return;
  begin_ = end_;
  ended_by_tail_ = true;
  Add(tail);
}

}  // namespace qlake::stream
