#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qlake::schedule {

// What the timetable has to do at an occasion: a command of qlake.
struct JobCommand {
  std::string program;                             // Absolute path.
  std::vector<std::string> arguments;              // Without the program's name.
  std::map<std::string, std::string> environment;  // Beside that of this process.
  std::string lock_file;                           // Held while the job runs; folders are made.
  std::string log_file;                            // What it prints goes there, too; empty: where ours goes.
  uint64_t log_bytes_max = uint64_t{10} << 20;     // A larger log is put aside before the job starts: job.log.1, .2 ...
  int log_files_max = 5;                           // Of those.
  std::chrono::milliseconds timeout{0};            // 0: none.
};

// One execution of a job in a process of its own, which ends when this process does, however that ends. While it runs
// no other of its lock file can, on this machine: the OS's lock is the job's own and dies with it.
class JobRun {
 public:
  // Nothing when one of that lock file still runs. Throws Error{kIo} when lock, log or process cannot be had. REQUIRES:
  // called by the thread that will live as long as the job shall.
  static std::optional<JobRun> Start(const JobCommand& command);
  ~JobRun();  // Ends it, and waits for that.
  JobRun(JobRun&& other) noexcept;
  JobRun& operator=(JobRun&&) = delete;

  // Its exit code (128 + N when signal N ended it) once it has ended. Ends a job whose time is over.
  std::optional<int> Poll();
  int Wait();
  // Asks it to end (SIGTERM), and makes it 3 s later (SIGKILL), as Poll() is called.
  void End();
  bool is_timed_out() const { return is_timed_out_; }

 private:
  using Clock = std::chrono::steady_clock;
  JobRun(int pid, std::chrono::milliseconds timeout) : pid_(pid), timeout_(timeout) {}

  int pid_;  // -1: it has been waited for.
  std::chrono::milliseconds timeout_;
  Clock::time_point began_ = Clock::now();
  std::optional<Clock::time_point> end_asked_;
  std::optional<int> exit_code_;
  bool is_timed_out_ = false;
};

// Puts a log that has grown beyond `bytes_max` aside: FILE becomes FILE.1, that FILE.2, and so on up to `files_max`.
void RotateLog(const std::string& file, uint64_t bytes_max, int files_max);

}  // namespace qlake::schedule
