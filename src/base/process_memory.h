#pragma once

#include <cstdint>

namespace qlake::base {

// The most memory that the process has had in use (resident) since it began; 0 when the kernel does not say.
uint64_t PeakMemoryBytes();

}  // namespace qlake::base
