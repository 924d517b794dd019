#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

namespace qlake::simulate {

// A file of a drop while it is written. It lies under a hidden name until Finish() renames it; without Finish() the
// destructor removes it. All members throw Error{kIo}.
class DropFile {
 public:
  explicit DropFile(const std::filesystem::path& path);  // Makes the folder when it is not there.
  ~DropFile();
  DropFile(const DropFile&) = delete;
  DropFile& operator=(const DropFile&) = delete;

  // REQUIRES: at most kRecordBytesMax between two calls of EndRecord().
  void Put(std::string_view text) { end_ += text.copy(end_, text.size()); }
  void PutNumber(uint64_t number);
  void PutDigits(uint64_t number, int width);  // With leading zeros.
  void PutLine(std::string_view text);         // A record of any size, and a line feed.
  void EndRecord() {
    if (end_ - buffer_.get() > kFlushBytes) Flush();
  }

  void Finish();
  int64_t bytes() const { return flushed_ + (end_ - buffer_.get()); }

 private:
  static constexpr std::ptrdiff_t kFlushBytes = 1 << 20;
  static constexpr std::ptrdiff_t kRecordBytesMax = 1 << 12;

  void Flush();

  std::filesystem::path path_;
  std::filesystem::path hidden_path_;
  std::ofstream file_;
  std::unique_ptr<char[]> buffer_;
  char* end_;
  int64_t flushed_ = 0;
  bool finished_ = false;
};

}  // namespace qlake::simulate
