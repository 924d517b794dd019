#include "engine/duckdb/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace qlake::engine {
namespace {

// Below this, reading is cheaper than mapping.
constexpr uint64_t kMappedBytesMin = 1 << 20;

struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd;
};

}  // namespace

FileBytes::FileBytes(const storage::Storage& storage, const RawScanFile& file) {
  std::string url = storage.Url(file.path);
  if (url.starts_with("/") && file.bytes >= kMappedBytesMin) {
    Map(url, file);
  } else {
    held_ = storage.ReadRange(file.path, file.offset, file.bytes);
    view_ = held_;
  }
}

FileBytes::~FileBytes() {
  if (mapped_ != nullptr) munmap(mapped_, mapped_bytes_);
}

void FileBytes::LetPagesGo() const {
  if (mapped_ != nullptr) madvise(mapped_, mapped_bytes_, MADV_DONTNEED);
}

void FileBytes::Map(const std::string& path, const RawScanFile& file) {
  OpenFile open_file(path);
  struct stat status {};
  if (open_file.fd < 0 || fstat(open_file.fd, &status) != 0) {
    throw base::IoError("cannot read {}: {}", path, std::strerror(errno));
  }
  // Touching a mapped page behind a file's end kills the process.
  if (static_cast<uint64_t>(status.st_size) < file.offset + file.bytes) {
    throw base::CorruptError("{} is shorter than when it was taken in: it has {} bytes, {} are wanted from byte {} on",
                             path, status.st_size, file.bytes, file.offset);
  }
  auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t skipped = file.offset % page_bytes;
  mapped_bytes_ = skipped + file.bytes;
  void* mapped =
      mmap(nullptr, mapped_bytes_, PROT_READ, MAP_PRIVATE, open_file.fd, static_cast<off_t>(file.offset - skipped));
  if (mapped == MAP_FAILED) throw base::IoError("cannot map {}: {}", path, std::strerror(errno));
  mapped_ = mapped;
  madvise(mapped_, mapped_bytes_, MADV_SEQUENTIAL);
  view_ = {static_cast<const char*>(mapped_) + skipped, file.bytes};
}

}  // namespace qlake::engine
