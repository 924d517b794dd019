#pragma once

#include <map>
#include <string>
#include <vector>

namespace qlake::testing {

struct ProcessResult {
  int exit_code = -1;  // 128 + N when signal N ended it.
  std::string out;
  std::string err;
};

using Environment = std::map<std::string, std::string>;

// Runs a program to its end with the environment's additions, in `folder`, its standard input closed.
ProcessResult RunProgram(const std::vector<std::string>& command, const Environment& environment = {},
                         const std::string& folder = "");

// The real binary.
ProcessResult Qlake(std::vector<std::string> arguments, const Environment& environment = {},
                    const std::string& folder = "");

}  // namespace qlake::testing
