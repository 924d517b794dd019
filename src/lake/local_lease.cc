#include "lake/local_lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "base/log.h"

namespace qlake::lake {
namespace {

constexpr const char* kLockPath = "_qlake/writer.lock";
constexpr const char* kEpochPath = "_qlake/writer.epoch";
constexpr std::chrono::milliseconds kPollInterval{50};

// The lock file names its holder, for people; the lock itself is the OS's.
std::string ReadHolder(int fd) {
  char text[128];
  ssize_t length = pread(fd, text, sizeof text, 0);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : "unknown";
}

void WriteHolder(int fd, const std::string& run_id) {
  std::string text = fmt::format("pid {} run {}", getpid(), run_id);
  // For people only: a failure here changes nothing.
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) base::LogDebug("lease file not written");
}

}  // namespace

LocalLease::LocalLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait)
    : storage_(lake.storage()) {
  // 1. The lock file, created when absent; a crash here leaves an empty file that nobody holds.
  std::string path = lake.storage().Url(kLockPath);
  if (!lake.storage().Find(kLockPath)) lake.storage().Write(kLockPath, "");
  lock_fd_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (lock_fd_ < 0) throw base::IoError("cannot open the lake's lease {}: {}", path, std::strerror(errno));
  try {
    Lock(lake, path, wait);
    WriteHolder(lock_fd_, run_id);
    // 3. The epoch, durable before the first commit that carries it. A crash here wastes a number.
    epoch_ = NextEpoch(lake);
    lake.storage().Replace(kEpochPath, std::to_string(epoch_));
  } catch (...) {
    close(lock_fd_);  // The destructor will not.
    throw;
  }
}

// 2. The lock. The kernel gives it back when the process ends, however it ends.
void LocalLease::Lock(const Lake& lake, const std::string& path, std::chrono::milliseconds wait) {
  auto deadline = std::chrono::steady_clock::now() + wait;
  while (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw base::IoError("cannot lock the lake's lease {}: {}", path, std::strerror(errno));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      std::string holder = ReadHolder(lock_fd_);
      throw base::UnavailableError(
          "the lake {} is being written by another qlake ({}): wait for it, or raise --lease-wait", lake.options().root,
          holder);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

LocalLease::~LocalLease() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

void LocalLease::RaiseEpoch(int64_t epoch) {
  if (epoch <= epoch_) return;
  storage_.Replace(kEpochPath, std::to_string(epoch));
  epoch_ = epoch;
}

int64_t LocalLease::NextEpoch(Lake& lake) {
  int64_t last = 0;
  auto text = lake.storage().ReadIfPresent(kEpochPath);
  if (text && std::from_chars(text->data(), text->data() + text->size(), last).ec == std::errc()) return last + 1;
  return LastEpochOf(lake) + 1;
}

}  // namespace qlake::lake
