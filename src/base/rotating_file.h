#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qlake::base {

// A file that lines are appended to, by several processes at once: a stream and the commands that a clock wakes share
// one log. When it is full it becomes FILE.1, FILE.1 becomes FILE.2, and so on; whoever appends next goes on in the new
// one. No line is lost or torn by that. Not thread-safe.
class RotatingFile {
 public:
  struct Limits {
    uint64_t bytes_max = 0;  // 0: it grows.
    int files_kept = 5;      // Behind the one that is written.
  };

  // Makes the file and its folders. Throws Error{kInput} when that cannot be done.
  RotatingFile(std::string path, Limits limits);
  ~RotatingFile();
  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;

  // One write; `lines` ends with a line end. Throws Error{kIo} when the disk does not take it.
  void Append(std::string_view lines);

 private:
  void Open();
  void Close();
  bool IsStillThePath() const;
  bool IsFull(size_t bytes_more) const;
  void Rotate(size_t bytes_more);
  void ShiftFiles() const;

  const std::string path_;
  const Limits limits_;
  int fd_ = -1;
};

}  // namespace qlake::base
