#include <malloc.h>

#include "cli/command_line.h"

namespace {

// Buffers of some hundred kilobytes come and go by the ten thousand while files are encoded. The defaults give each
// back to the kernel, which clears the pages again for the next one.
constexpr int kMappedBytesMin = 4 << 20;
constexpr int kKeptBytesMax = 64 << 20;
constexpr int kArenasMax = 2;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kMappedBytesMin);
  mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
  mallopt(M_ARENA_MAX, kArenasMax);  // What one arena keeps, others cannot use.
  return qlake::cli::Main(argc, argv);
}
