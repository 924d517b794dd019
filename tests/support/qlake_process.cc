#include "support/qlake_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
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

// By pread: the place in the file is the child's, too, which writes at it.
std::string ReadSoFar(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

}  // namespace

namespace {

// The child, with its output in the two files.
pid_t Start(const std::vector<std::string>& command, const Environment& environment, const std::string& folder, int out,
            int err) {
  pid_t child = fork();
  if (child != 0) return child;
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(out, 1);
  dup2(err, 2);
  // A file that another thread is writing just then would be open for as long as this program runs: a drop that is
  // being written is left for later.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!folder.empty() && chdir(folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int ExitCodeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

ProcessResult RunProgram(const std::vector<std::string>& command, const Environment& environment,
                         const std::string& folder) {
  int out = TemporaryFile();
  int err = TemporaryFile();
  pid_t child = Start(command, environment, folder, out, err);
  int status = 0;
  waitpid(child, &status, 0);
  return {ExitCodeOf(status), ReadAll(out), ReadAll(err)};
}

RunningQlake::RunningQlake(std::vector<std::string> arguments, const Environment& environment,
                           const std::string& folder)
    : out_(TemporaryFile()), err_(TemporaryFile()) {
  arguments.insert(arguments.begin(), QLAKE_BINARY);
  pid_ = Start(arguments, environment, folder, out_, err_);
}

RunningQlake::~RunningQlake() {
  if (!has_ended_) {
    Signal(SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  close(out_);
  close(err_);
}

void RunningQlake::Signal(int signal) const {
  if (!has_ended_) kill(pid_, signal);
}

bool RunningQlake::HasEnded() {
  if (!has_ended_) has_ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return has_ended_;
}

ProcessResult RunningQlake::Wait() {
  if (!has_ended_) waitpid(pid_, &status_, 0);
  has_ended_ = true;
  return {ExitCodeOf(status_), ReadAll(dup(out_)), ReadAll(dup(err_))};
}

std::string RunningQlake::OutputSoFar() const { return ReadSoFar(out_); }
std::string RunningQlake::ErrorsSoFar() const { return ReadSoFar(err_); }

ProcessResult Qlake(std::vector<std::string> arguments, const Environment& environment, const std::string& folder) {
  arguments.insert(arguments.begin(), QLAKE_BINARY);
  return RunProgram(arguments, environment, folder);
}

}  // namespace qlake::testing
