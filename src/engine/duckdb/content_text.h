#pragma once

#include <emmintrin.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace qlake::engine {

inline constexpr char kContentNull = '\x1E';
inline constexpr char kContentSeparator = '\x1F';

// The values of a row as one text, which is hashed: content_hash() of functions.h. Made for short values, which are
// copied 16 bytes at a time.
class ContentText {
 public:
  static constexpr size_t kReadAhead = 16;

  // Starts a row whose values have at most so many bytes, separators included.
  void Begin(size_t bytes_max) {
    if (bytes_.size() < bytes_max + kReadAhead) bytes_.resize(2 * bytes_max + kReadAhead);
    end_ = bytes_.data();
  }
  void Separate() { *end_++ = kContentSeparator; }
  void AddNull() { *end_++ = kContentNull; }
  void Add(std::string_view value) {
    std::memcpy(end_, value.data(), value.size());
    end_ += value.size();
  }
  // REQUIRES: kReadAhead bytes can be read from the value's begin.
  void AddReadable(std::string_view value) {
    if (value.size() > kReadAhead) return Add(value);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(end_), _mm_loadu_si128(reinterpret_cast<const __m128i*>(value.data())));
    end_ += value.size();
  }

  std::string_view text() const { return {bytes_.data(), static_cast<size_t>(end_ - bytes_.data())}; }

 private:
  std::vector<char> bytes_;
  char* end_ = nullptr;
};

}  // namespace qlake::engine
