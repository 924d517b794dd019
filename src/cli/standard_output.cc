#include "cli/standard_output.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace qlake::cli {

DescriptorBuffer::DescriptorBuffer(int descriptor) : descriptor_(descriptor) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type next) {
  WriteBuffered();
  if (!traits_type::eq_int_type(next, traits_type::eof())) {
    *pptr() = traits_type::to_char_type(next);
    pbump(1);
  }
  return traits_type::not_eof(next);
}

int DescriptorBuffer::sync() {
  WriteBuffered();
  return 0;
}

void DescriptorBuffer::WriteBuffered() {
  const char* from = pbase();
  const char* to = pptr();
  setp(buffer_.data(), buffer_.data() + buffer_.size());  // What cannot be written now is not tried again.
  while (from < to) {
    ssize_t written = ::write(descriptor_, from, static_cast<size_t>(to - from));
    if (written >= 0) {
      from += written;
    } else if (errno == EPIPE) {
      throw ReaderGone();
    } else if (errno != EINTR) {
      throw base::IoError("cannot write to standard output: {}", std::generic_category().message(errno));
    }
  }
}

}  // namespace qlake::cli
