#pragma once

#include <string>
#include <vector>

namespace qlake::schedule {

struct ProgramResult {
  int exit_code = -1;  // 128 + N when signal N ended it, 127 when there is no such program.
  std::string out;
  std::string err;
};

// Runs a program of the PATH to its end, in English, with that text as its input. Throws Error{kIo} when it cannot be
// started at all.
ProgramResult RunProgram(const std::vector<std::string>& command, const std::string& input);

}  // namespace qlake::schedule
