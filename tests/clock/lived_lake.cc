#include "clock/lived_lake.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLateHoursMax = 20;

// Another content under the same name, which the source corrects later.
std::string Spoil(const std::string& bytes, std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:  // Cut in the middle of a line.
      return bytes.substr(0, bytes.size() * (1 + random() % 8) / 10);
    case 1:  // No CSV at all.
      return std::string("\x1f\x8b\x08\x00\xff\xfe garbage \"", 21) + std::string(random() % 5'000, '\xa7');
    case 2:
      return "";
    default: {  // Some rows fewer, and a value that is none.
      std::string other = bytes.substr(0, bytes.rfind('\n', bytes.size() * 2 / 3) + 1);
      size_t comma = other.rfind(',', other.size() / 2);
      return comma == std::string::npos ? other : other.replace(comma, 1, ",?");
    }
  }
}

}  // namespace

Actor::Actor(std::string what, const std::vector<std::string>& command, const Environment& environment,
             const std::string& folder)
    : what_(std::move(what)) {
  char path[] = "/tmp/qlake_actor_XXXXXX";
  output_ = mkostemp(path, O_CLOEXEC);
  unlink(path);
  pid_ = fork();
  if (pid_ != 0) return;
  setpgid(0, 0);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(output_, 1);
  dup2(output_, 2);
  if (chdir(folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Actor::Actor(Actor&& other) noexcept
    : what_(std::move(other.what_)),
      pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      exit_code_(other.exit_code_),
      peak_kilobytes_(other.peak_kilobytes_) {}

Actor::~Actor() {
  if (pid_ > 0 && !HasEnded()) {
    Signal(SIGKILL);
    Wait();
  }
  if (output_ >= 0) close(output_);
}

bool Actor::HasEnded() {
  if (exit_code_) return true;
  int status = 0;
  struct rusage usage {};
  if (wait4(pid_, &status, WNOHANG, &usage) != pid_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  peak_kilobytes_ = usage.ru_maxrss;
  return true;
}

void Actor::Signal(int signal) const {
  if (exit_code_) return;
  // The child may not have come to its setpgid() yet.
  if (kill(-pid_, signal) != 0) kill(pid_, signal);
}

int Actor::Wait() {
  while (!HasEnded()) usleep(2'000);
  return *exit_code_;
}

std::string Actor::Output() const {
  std::string text;
  char buffer[4096];
  ssize_t length = 0;
  while ((length = pread(output_, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<size_t>(length));
  }
  return text;
}

std::vector<Delivery> PlanDeliveries(const std::string& folder, int64_t hours, std::mt19937_64& random) {
  std::vector<Delivery> plan;
  std::set<fs::path> drops;
  for (const auto& drop : fs::directory_iterator(folder)) drops.insert(drop.path());
  int64_t hour = 0;
  for (const auto& drop : drops) {
    std::set<fs::path> files;
    for (const auto& file : fs::directory_iterator(drop)) files.insert(file.path());
    bool is_late_as_a_whole = random() % 12 == 0;
    int64_t whole_late = 1 + static_cast<int64_t>(random() % kLateHoursMax);
    for (const auto& file : files) {
      Delivery last{hour, drop.filename(), file.filename(), ReadFile(file)};
      auto later = [&] { return std::min(hours - 1, hour + 1 + static_cast<int64_t>(random() % kLateHoursMax)); };
      if (is_late_as_a_whole) last.at_hour = std::min(hours - 1, hour + whole_late);
      switch (random() % 20) {
        case 0:  // Never.
          fs::remove(file);
          continue;
        case 1:
        case 2:
          last.at_hour = later();
          break;
        case 3:
        case 4:
        case 5: {  // In another form first.
          Delivery first = last;
          first.bytes = Spoil(last.bytes, random);
          plan.push_back(first);
          last.at_hour = std::max(last.at_hour, later());
          break;
        }
        case 6:
        case 7: {  // The same bytes again, later.
          Delivery again = last;
          again.at_hour = std::max(last.at_hour, later());
          plan.push_back(again);
          break;
        }
        default:
          break;
      }
      plan.push_back(last);
    }
    ++hour;
  }
  // Of one file the plan's order stays: what counts comes last.
  std::stable_sort(plan.begin(), plan.end(),
                   [](const Delivery& a, const Delivery& b) { return a.at_hour < b.at_hour; });
  return plan;
}

}  // namespace qlake::testing
