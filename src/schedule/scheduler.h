#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "schedule/job_run.h"
#include "schedule/occasion.h"

namespace qlake::schedule {

struct Job {
  std::string name;
  Occasion occasion;
  std::set<std::string> after;  // Jobs that it waits for while they run or are due.
  JobCommand command;
};

// Carries a timetable out, for machines without cron. A wake-up tells jobs to look what there is to do, so that one too
// many does nothing and one too few is made up for by the next: at the start every job is due, and after a leap of the
// clock, in whichever direction, a job runs once.
class Scheduler {
 public:
  // How a job ended; for "left out", because the one before still runs, there is no exit code.
  using OnEnd = std::function<void(const Job& job, std::optional<int> exit_code, bool is_timed_out)>;

  Scheduler(std::vector<Job> jobs, const base::Clock& clock, OnEnd on_end);

  // Until Stop(); then all jobs have ended, too, within some 3 seconds.
  void Run();
  void Stop();  // From any thread.

 private:
  void NoteOccasions();
  void StartDue();
  void Start(const Job& job);
  void NoteEnds();
  bool MustWait(const Job& job) const;

  std::vector<Job> jobs_;
  const base::Clock& clock_;
  OnEnd on_end_;
  std::map<std::string, base::Timestamp> noted_;  // By job: the last occasion that made it due.
  std::map<std::string, uint64_t> due_;           // And since which round it has been.
  uint64_t round_ = 0;
  std::map<std::string, JobRun> running_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stops_ = false;  // Guarded by mutex_.
};

}  // namespace qlake::schedule
