#include "storage/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/posix_file.h"

namespace qlake::storage {
namespace {

constexpr uint64_t kPageBytes = 4096;
// Linux silently cuts one advice down to the device's read-ahead size, which is 128 KiB unless somebody has set it.
constexpr uint64_t kReadAheadBytes = 128 << 10;

}  // namespace

std::optional<MappedFile> MappedFile::Open(const Storage& storage, std::string_view path) {
  std::string url = storage.Url(path);
  if (!url.starts_with('/')) {
    auto bytes = storage.ReadIfPresent(path);
    if (!bytes) return std::nullopt;
    return MappedFile(std::move(*bytes));
  }
  int descriptor = ::open(url.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw PosixError("open", url, errno);
  }
  struct stat status {};
  void* mapped = MAP_FAILED;
  int error = ::fstat(descriptor, &status) == 0 ? 0 : errno;
  // mmap() takes no empty file.
  if (error == 0 && status.st_size > 0) {
    mapped = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) error = errno;
  }
  ::close(descriptor);  // The mapping stays.
  if (error != 0) throw PosixError("map", url, error);
  if (status.st_size == 0) return MappedFile(std::string());
  return MappedFile(static_cast<const char*>(mapped), static_cast<size_t>(status.st_size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : mapped_(std::exchange(other.mapped_, nullptr)), size_(other.size_), bytes_(std::move(other.bytes_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(mapped_, other.mapped_);
  std::swap(size_, other.size_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (mapped_ != nullptr) ::munmap(const_cast<char*>(mapped_), size_);
}

bool MappedFile::IsInMemory(uint64_t offset) const {
  if (mapped_ == nullptr || offset >= size_) return true;
  unsigned char is_resident = 0;
  char* page = const_cast<char*>(mapped_) + offset / kPageBytes * kPageBytes;
  return ::mincore(page, 1, &is_resident) == 0 && (is_resident & 1) != 0;
}

void MappedFile::ExpectScatteredReads() const {
  if (mapped_ != nullptr) ::madvise(const_cast<char*>(mapped_), size_, MADV_RANDOM);
}

void MappedFile::ReadAhead(uint64_t offset, uint64_t length) const {
  if (mapped_ == nullptr || offset >= size_) return;
  uint64_t start = offset / kPageBytes * kPageBytes;  // madvise() wants the start of a page.
  uint64_t end = offset + std::min<uint64_t>(length, size_ - offset);
  for (; start < end; start += kReadAheadBytes) {
    ::madvise(const_cast<char*>(mapped_) + start, std::min(kReadAheadBytes, end - start), MADV_WILLNEED);
  }
}

void MappedFile::Release(uint64_t offset, uint64_t length) const {
  if (mapped_ == nullptr || offset >= size_) return;
  uint64_t start = offset / kPageBytes * kPageBytes;
  uint64_t end = offset + std::min<uint64_t>(length, size_ - offset);
  ::madvise(const_cast<char*>(mapped_) + start, end - start, MADV_DONTNEED);
}

}  // namespace qlake::storage
