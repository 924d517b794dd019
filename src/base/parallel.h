#pragma once

#include <cstddef>
#include <functional>

namespace qlake::base {

// Calls body(i) once for every i in [0, count) from at most `threads` threads and returns when all are done. The first
// exception stops further calls and is thrown again here.
void ParallelFor(size_t count, size_t threads, const std::function<void(size_t)>& body);

}  // namespace qlake::base
