#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstdint>
#include <string_view>

namespace qlake::rows {

// Finds the stops of a text, which are its delimiters and line feeds, in order. Compares 64 bytes at a time and keeps
// the answer as bits, so that a short field costs a few instructions.
class StopScanner {
 public:
  StopScanner(std::string_view text, char delimiter)
      : text_(text), delimiter_(_mm_set1_epi8(delimiter)), line_feed_(_mm_set1_epi8('\n')) {
    LoadBlock(0);
  }

  // Next() goes on with the first stop at or after the position.
  void Seek(size_t position) {
    const size_t block = position & ~(kBlockBytes - 1);
    if (block != block_) LoadBlock(block);
    stops_ = block_stops_ & (~uint64_t{0} << (position - block));
  }

  // The position of the next stop; the text's size when there is none.
  size_t Next() {
    while (stops_ == 0) {
      if (block_ + kBlockBytes >= text_.size()) return text_.size();
      LoadBlock(block_ + kBlockBytes);
    }
    const size_t stop = block_ + static_cast<size_t>(std::countr_zero(stops_));
    stops_ &= stops_ - 1;
    return stop;
  }

 private:
  static constexpr size_t kBlockBytes = 64;

  void LoadBlock(size_t block) {
    block_ = block;
    block_stops_ = block + kBlockBytes <= text_.size() ? FindStops(text_.data() + block) : FindLastStops();
    stops_ = block_stops_;
  }

  uint64_t FindStops(const char* bytes) const {
    uint64_t stops = 0;
    for (size_t at = 0; at < kBlockBytes; at += 16) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
      const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(part, delimiter_), _mm_cmpeq_epi8(part, line_feed_));
      stops |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hits))) << at;
    }
    return stops;
  }

  // The last block may end early; reading past the text's end would be reading another's memory.
  uint64_t FindLastStops() const {
    char bytes[kBlockBytes] = {};
    if (block_ >= text_.size()) return 0;
    text_.copy(bytes, kBlockBytes, block_);
    return FindStops(bytes);
  }

  std::string_view text_;
  __m128i delimiter_;
  __m128i line_feed_;
  size_t block_ = 0;          // Where the loaded block starts.
  uint64_t block_stops_ = 0;  // Bit i: block_ + i is a stop.
  uint64_t stops_ = 0;        // Those of them that Next() has still to give.
};

}  // namespace qlake::rows
