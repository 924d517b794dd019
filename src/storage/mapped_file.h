#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace qlake::storage {

// The bytes of a file that nobody changes, read as they are touched: mapped when the storage is a local disk, else read
// whole. They stay readable when the file is removed. A device that fails to read a touched page, or somebody who cuts
// the file short, ends the process with SIGBUS: map only files that are written once and then left alone.
class MappedFile {
 public:
  // Nothing when there is no such file. Throws Error{kIo} when it cannot be opened or mapped.
  static std::optional<MappedFile> Open(const Storage& storage, std::string_view path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::string_view bytes() const { return mapped_ != nullptr ? std::string_view(mapped_, size_) : bytes_; }

  // Whether the byte could be read now without the disk, as far as the system tells.
  bool IsInMemory(uint64_t offset) const;

  // What follows is advice; without it all is as true and only slower.
  void ExpectScatteredReads() const;                       // Touching a page reads no others from the disk.
  void ReadAhead(uint64_t offset, uint64_t length) const;  // Starts to read these bytes and does not wait.
  void Release(uint64_t offset, uint64_t length) const;    // These bytes no longer count as the process's memory.

 private:
  MappedFile(const char* mapped, size_t size) : mapped_(mapped), size_(size) {}
  explicit MappedFile(std::string bytes) : bytes_(std::move(bytes)) {}

  const char* mapped_ = nullptr;  // Null when bytes_ holds the file.
  size_t size_ = 0;
  std::string bytes_;
};

}  // namespace qlake::storage
