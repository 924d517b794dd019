#include "base/rotating_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace qlake::base {

RotatingFile::RotatingFile(std::string path, Limits limits) : path_(std::move(path)), limits_(limits) {
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failure);
  Open();
  if (fd_ < 0) throw InputError("cannot open the log file ({}): {}", std::strerror(errno), path_);
}

RotatingFile::~RotatingFile() { Close(); }

void RotatingFile::Append(std::string_view lines) {
  if (fd_ < 0 || !IsStillThePath()) {
    Close();
    Open();
  }
  if (IsFull(lines.size())) Rotate(lines.size());
  if (fd_ < 0 || ::write(fd_, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) {
    throw IoError("cannot write the log file ({}): {}", std::strerror(errno), path_);
  }
}

void RotatingFile::Open() { fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644); }

void RotatingFile::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// Another process, or logrotate, may have moved it.
bool RotatingFile::IsStillThePath() const {
  struct stat ours {};
  struct stat there {};
  return ::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

bool RotatingFile::IsFull(size_t bytes_more) const {
  struct stat ours {};
  if (limits_.bytes_max == 0 || fd_ < 0 || ::fstat(fd_, &ours) != 0 || !S_ISREG(ours.st_mode)) return false;
  return ours.st_size > 0 && static_cast<uint64_t>(ours.st_size) + bytes_more > limits_.bytes_max;
}

// The lock is that of the full file itself: of the processes that find it full one moves it, the others find then that
// it is no longer the path.
void RotatingFile::Rotate(size_t bytes_more) {
  if (::flock(fd_, LOCK_EX) != 0) return;
  if (IsStillThePath() && IsFull(bytes_more)) ShiftFiles();
  Close();
  Open();
}

// A crash here leaves a number without a file, which the next rotation fills, and the full file as it is.
void RotatingFile::ShiftFiles() const {
  auto numbered = [this](int number) { return path_ + "." + std::to_string(number); };
  if (limits_.files_kept == 0) {
    ::unlink(path_.c_str());
    return;
  }
  for (int number = limits_.files_kept - 1; number >= 1; --number) {
    ::rename(numbered(number).c_str(), numbered(number + 1).c_str());
  }
  ::rename(path_.c_str(), numbered(1).c_str());
}

}  // namespace qlake::base
