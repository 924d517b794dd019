#pragma once

#include <cstdint>

namespace qlake::simulate {

// SplitMix64: fast, good enough for a source, and the same everywhere (the standard library's distributions are not).
// Streams are keyed, so that any row of any hour can be made without making those before it.
class Random {
 public:
  struct Key {
    uint64_t seed = 0;
    uint64_t stream = 0;  // What the numbers are for.
    uint64_t hour = 0;
    uint64_t row = 0;
  };
  explicit Random(const Key& key) : state_(Mix(Mix(Mix(Mix(key.seed) + key.stream) + key.hour) + key.row)) {}

  uint64_t Next() { return Mix(state_ += kStep); }
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }
  bool OneIn(uint32_t bound) { return Below(bound) == 0; }
  bool Chance(double share) { return static_cast<double>(Next() >> 11) * 0x1p-53 < share; }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15;

  static uint64_t Mix(uint64_t x) {
    x += kStep;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }

  uint64_t state_;
};

}  // namespace qlake::simulate
