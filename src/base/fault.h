#pragma once

#include <string_view>

namespace qlake::base {

// A labelled place where a crash is interesting. Does nothing unless the environment says QLAKE_CRASH_AT=label or
// QLAKE_CRASH_AT=label:N: then the N-th pass (the first is 1) kills the process as kill -9 would. The crash tests fail
// every label in turn; docs/testing.md lists them.
void CrashPoint(std::string_view label);

}  // namespace qlake::base
