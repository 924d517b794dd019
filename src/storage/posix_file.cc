#include "storage/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "storage/disk_observer.h"

namespace qlake::storage {
namespace {

constexpr int kFileMode = 0644;

// Repeats a system call that a signal interrupted.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace

base::Error PosixError(std::string_view verb, std::string_view path, int error_number) {
  return base::IoError("cannot {} {}: {}", verb, path, std::generic_category().message(error_number));
}

PosixFile PosixFile::OpenToRead(const std::string& path) {
  auto file = OpenToReadIfPresent(path);
  if (!file) throw PosixError("open", path, ENOENT);
  return std::move(*file);
}

std::optional<PosixFile> PosixFile::OpenToReadIfPresent(const std::string& path) {
  return Open(path, O_RDONLY, "open");
}

PosixFile PosixFile::OpenToAppend(const std::string& path) {
  auto file = Open(path, O_WRONLY | O_APPEND, "open");
  if (!file) throw PosixError("open", path, ENOENT);
  return std::move(*file);
}

std::optional<PosixFile> PosixFile::Create(const std::string& path, IfTaken if_taken) {
  auto file = Open(path, O_WRONLY | O_CREAT | (if_taken == IfTaken::kFail ? O_EXCL : O_TRUNC), "create");
  if (file) ObservedDisk().Created(path);
  return file;
}

std::optional<PosixFile> PosixFile::Open(const std::string& path, int flags, std::string_view verb) {
  int descriptor = Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (descriptor >= 0) return PosixFile(path, descriptor);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw PosixError(verb, path, errno);
}

PosixFile::PosixFile(PosixFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

PosixFile::~PosixFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string PosixFile::ReadToEnd() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw PosixError("read", path_, errno);
  // One byte more than the size, so that the end of the file shows without a second round.
  std::string bytes(static_cast<size_t>(status.st_size) + 1, '\0');
  size_t length = 0;
  while (true) {
    if (length == bytes.size()) bytes.resize(bytes.size() * 2);
    ssize_t count = Retry([&] { return ::read(descriptor_, bytes.data() + length, bytes.size() - length); });
    if (count < 0) throw PosixError("read", path_, errno);
    if (count == 0) break;
    length += static_cast<size_t>(count);
  }
  bytes.resize(length);
  return bytes;
}

std::string PosixFile::ReadRange(uint64_t offset, uint64_t length) const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw PosixError("read", path_, errno);
  uint64_t size = static_cast<uint64_t>(status.st_size);
  if (offset > size || length > size - offset) {
    throw base::IoError("cannot read {}: {} bytes from offset {} on are beyond its end at {}", path_, length, offset,
                        size);
  }
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < length) {
    ssize_t count = Retry(
        [&] { return ::pread(descriptor_, bytes.data() + done, length - done, static_cast<off_t>(offset + done)); });
    if (count < 0) throw PosixError("read", path_, errno);
    if (count == 0) throw base::IoError("cannot read {}: it was cut to {} bytes meanwhile", path_, offset + done);
    done += static_cast<size_t>(count);
  }
  return bytes;
}

void PosixFile::WriteAll(std::string_view bytes) const {
  while (!bytes.empty()) {
    ssize_t count = Retry([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (count < 0) throw PosixError("write", path_, errno);
    ObservedDisk().Wrote(path_, bytes.substr(0, static_cast<size_t>(count)));
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void PosixFile::Sync() const {
  if (Retry([&] { return ::fsync(descriptor_); }) != 0) throw PosixError("fsync", path_, errno);
  ObservedDisk().Synced(path_);
}

void PosixFile::Close() {
  // The descriptor is gone even when close() reports an error, EINTR included (Linux).
  int result = ::close(std::exchange(descriptor_, -1));
  if (result != 0 && errno != EINTR) throw PosixError("close", path_, errno);
}

}  // namespace qlake::storage
