#pragma once

#include <array>
#include <ostream>
#include <streambuf>

namespace qlake::cli {

// Thrown by a write when the reader of the pipe has gone (`qlake sql ... | head`), which is its right: the command
// ends, done.
struct ReaderGone {};

// Writes to a file descriptor what a stream gives it.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);

 private:
  int_type overflow(int_type next) override;
  int sync() override;
  void WriteBuffered();

  const int descriptor_;
  std::array<char, 65536> buffer_;
};

// A file descriptor as a stream that says when it cannot be written: any write throws Error{kIo} with the reason (a
// disk that is full), or ReaderGone. std::cout would only fall silent. REQUIRES: SIGPIPE is ignored.
class DescriptorStream final : public std::ostream {
 public:
  explicit DescriptorStream(int descriptor) : std::ostream(nullptr), sink_(descriptor) {
    rdbuf(&sink_);
    exceptions(std::ios::badbit);  // Lets what the buffer throws reach the caller.
  }

 private:
  DescriptorBuffer sink_;
};

}  // namespace qlake::cli
