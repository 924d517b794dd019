#pragma once

#include <string>

#include "base/clock.h"

namespace qlake::run {

// 20230520T140307-1a2b3c4d: sorts by time, and two runs of one second differ.
std::string NewRunId(base::Timestamp now);

}  // namespace qlake::run
