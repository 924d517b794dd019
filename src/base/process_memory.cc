#include "base/process_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace qlake::base {

uint64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    uint64_t kibibytes = 0;
    if (name == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace qlake::base
