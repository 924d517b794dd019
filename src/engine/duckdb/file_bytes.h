#pragma once

#include <string>
#include <string_view>

#include "engine/duckdb/database.h"
#include "storage/storage.h"

namespace qlake::engine {

// The bytes of one file while they are read: mapped when it is a large one of the local disk, else held.
class FileBytes {
 public:
  // Throws Error{kIo} when the file cannot be read, Error{kCorrupt} when it is shorter than it shall be.
  FileBytes(const storage::Storage& storage, const RawScanFile& file);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::string_view view() const { return view_; }

  // Takes a mapped file's pages out of this process's memory; whoever reads on gets them back from the system's cache.
  // Thread-safe, beside readers too.
  void LetPagesGo() const;

 private:
  void Map(const std::string& path, const RawScanFile& file);

  std::string held_;
  void* mapped_ = nullptr;
  size_t mapped_bytes_ = 0;
  std::string_view view_;
};

}  // namespace qlake::engine
