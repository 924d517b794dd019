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

// The real binary, running beside the test.
class RunningQlake {
 public:
  RunningQlake(std::vector<std::string> arguments, const Environment& environment, const std::string& folder);
  ~RunningQlake();  // Kills it, if it still runs.
  RunningQlake(const RunningQlake&) = delete;
  RunningQlake& operator=(const RunningQlake&) = delete;

  void Signal(int signal) const;
  // Waits for its end. What it printed is in the result.
  ProcessResult Wait();
  bool HasEnded();
  std::string OutputSoFar() const;  // What it has printed,
  std::string ErrorsSoFar() const;  // and what on standard error.

 private:
  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  int status_ = 0;
  bool has_ended_ = false;
};

}  // namespace qlake::testing
