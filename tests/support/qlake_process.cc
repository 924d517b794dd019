#include "support/qlake_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace qlake::testing {
namespace {

// Output goes through unlinked temporary files: pipes would need both ends to be served at once.
int TemporaryFile() {
  char path[] = "/tmp/qlake_test_XXXXXX";
  int fd = mkstemp(path);
  unlink(path);
  return fd;
}

std::string ReadAll(int fd) {
  std::string text;
  lseek(fd, 0, SEEK_SET);
  char buffer[65536];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  close(fd);
  return text;
}

}  // namespace

ProcessResult RunProgram(const std::vector<std::string>& command, const Environment& environment,
                         const std::string& folder) {
  int out = TemporaryFile();
  int err = TemporaryFile();
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(out, 1);
    dup2(err, 2);
    if (!folder.empty() && chdir(folder.c_str()) != 0) _exit(126);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ProcessResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = ReadAll(out);
  result.err = ReadAll(err);
  return result;
}

ProcessResult Qlake(std::vector<std::string> arguments, const Environment& environment, const std::string& folder) {
  arguments.insert(arguments.begin(), QLAKE_BINARY);
  return RunProgram(arguments, environment, folder);
}

}  // namespace qlake::testing
