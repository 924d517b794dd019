#include "schedule/program.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace qlake::schedule {
namespace {

// Text in memory that a program can read or write as a file: pipes would need both ends to be served at once.
class TextFile {
 public:
  explicit TextFile(const std::string& text) : fd_(memfd_create("qlake", MFD_CLOEXEC)) {
    for (size_t done = 0; fd_ >= 0 && done < text.size();) {
      ssize_t written = write(fd_, text.data() + done, text.size() - done);
      if (written < 0) break;
      done += static_cast<size_t>(written);
    }
    if (fd_ < 0 || lseek(fd_, 0, SEEK_SET) != 0) throw base::IoError("no memory file: {}", std::strerror(errno));
  }
  ~TextFile() { close(fd_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  int fd() const { return fd_; }
  std::string Read() const {
    std::string text;
    char buffer[4096];
    ssize_t length = 0;
    while ((length = pread(fd_, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0) {
      text.append(buffer, static_cast<size_t>(length));
    }
    return text;
  }

 private:
  int fd_;
};

}  // namespace

ProgramResult RunProgram(const std::vector<std::string>& command, const std::string& input) {
  TextFile in(input);
  TextFile out("");
  TextFile err("");
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("LC_ALL=")) environment.push_back(*variable);
  }
  char english[] = "LC_ALL=C";
  environment.insert(environment.end(), {english, nullptr});
  pid_t child = fork();
  if (child < 0) throw base::IoError("cannot start {}: {}", command[0], std::strerror(errno));
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(in.fd(), 0);
    dup2(out.fd(), 1);
    dup2(err.fd(), 2);
    execvpe(arguments[0], arguments.data(), environment.data());
    constexpr char kMissing[] = "there is no such program, install it";
    if (write(2, kMissing, sizeof kMissing - 1) < 0) _exit(126);
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out.Read(), err.Read()};
}

}  // namespace qlake::schedule
