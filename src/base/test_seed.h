#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace qlake::base {

// The seed of a random test: QLAKE_SEED, or else any. It is printed, so that what failed can be replayed.
inline uint64_t TestSeed() {
  const char* given = std::getenv("QLAKE_SEED");
  uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cerr << "QLAKE_SEED=" << seed << "\n";
  return seed;
}

}  // namespace qlake::base
