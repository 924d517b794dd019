#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace qlake::base {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "qlake: a bug of qlake, please report it: %s does not hold (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace qlake::base
