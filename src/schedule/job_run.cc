#include "schedule/job_run.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"

namespace qlake::schedule {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kEndGrace{3'000};
constexpr std::chrono::milliseconds kPollInterval{20};
constexpr mode_t kFileMode = 0640;  // Logs may name customers' files.

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int OpenFile(const std::string& path, int flags, std::string_view what) {
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);  // open() tells why that was of no use.
  int fd = open(path.c_str(), flags | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) throw base::IoError("cannot open the {} {}: {}", what, path, std::strerror(errno));
  return fd;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentOf(const JobCommand& command) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string_view text = *variable;
    if (!command.environment.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : command.environment) all.push_back(name + "=" + value);
  return all;
}

// In the child; nothing here may allocate, for another thread of the parent may have held the allocator's lock.
[[noreturn]] void Become(const char* program, char** arguments, char** environment, int lock_fd, int log_fd,
                         pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  setpgid(0, 0);  // Ctrl-C is for the parent, which ends the job itself.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(128 + SIGTERM);  // It died before the line above.
  fcntl(lock_fd, F_SETFD, 0);                     // The lock is the job's now.
  if (log_fd >= 0) {
    dup2(log_fd, 1);
    dup2(log_fd, 2);
  }
  execve(program, arguments, environment);
  _exit(127);
}

}  // namespace

std::optional<JobRun> JobRun::Start(const JobCommand& command) {
  Descriptor lock(OpenFile(command.lock_file, O_RDWR, "lock"));
  if (flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    throw base::IoError("cannot lock {}: {}", command.lock_file, std::strerror(errno));
  }
  int log_fd = -1;
  if (!command.log_file.empty()) {
    RotateLog(command.log_file, command.log_bytes_max, command.log_files_max);
    log_fd = OpenFile(command.log_file, O_WRONLY | O_APPEND, "log");
  }
  Descriptor log(log_fd);
  std::vector<std::string> arguments = {command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = EnvironmentOf(command);
  auto argument_pointers = Pointers(arguments);
  auto environment_pointers = Pointers(environment);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) throw base::IoError("cannot start {}: {}", command.program, std::strerror(errno));
  if (child == 0) {
    Become(command.program.c_str(), argument_pointers.data(), environment_pointers.data(), lock.fd(), log.fd(), parent);
  }
  return JobRun(child, command.timeout);
}

JobRun::JobRun(JobRun&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      timeout_(other.timeout_),
      began_(other.began_),
      end_asked_(other.end_asked_),
      exit_code_(other.exit_code_),
      is_timed_out_(other.is_timed_out_) {}

JobRun::~JobRun() {
  if (pid_ < 0) return;
  End();
  Wait();
}

std::optional<int> JobRun::Poll() {
  if (pid_ < 0) return exit_code_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return exit_code_;
  }
  auto now = Clock::now();
  if (!end_asked_ && timeout_.count() > 0 && now - began_ > timeout_) {
    is_timed_out_ = true;
    End();
  }
  if (end_asked_ && now - *end_asked_ > kEndGrace) kill(pid_, SIGKILL);
  return std::nullopt;
}

int JobRun::Wait() {
  while (true) {
    if (auto exit_code = Poll()) return *exit_code;
    std::this_thread::sleep_for(kPollInterval);
  }
}

void JobRun::End() {
  if (pid_ < 0 || end_asked_) return;
  end_asked_ = Clock::now();
  kill(pid_, SIGTERM);
  kill(pid_, SIGCONT);  // One that was stopped cannot hear otherwise.
}

void RotateLog(const std::string& file, uint64_t bytes_max, int files_max) {
  std::error_code failed;
  auto bytes = fs::file_size(file, failed);
  if (failed || bytes_max == 0 || bytes <= bytes_max) return;
  auto aside = [&](int number) { return number == 0 ? file : file + "." + std::to_string(number); };
  // The oldest is overwritten. A crash between leaves a gap in the numbers, which the next rotation closes.
  for (int number = files_max; number > 0; --number) fs::rename(aside(number - 1), aside(number), failed);
  if (files_max == 0) fs::remove(file, failed);
}

}  // namespace qlake::schedule
