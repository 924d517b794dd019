#include "schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace qlake::schedule {
namespace {

// Short, so that leaps of the clock and ends of jobs are noticed soon.
constexpr std::chrono::milliseconds kTick{200};

}  // namespace

Scheduler::Scheduler(std::vector<Job> jobs, const base::Clock& clock, OnEnd on_end)
    : jobs_(std::move(jobs)), clock_(clock), on_end_(std::move(on_end)) {
  std::erase_if(jobs_, [](const Job& job) { return job.occasion.is_off(); });
}

void Scheduler::Run() {
  std::unique_lock lock(mutex_);
  while (!stops_) {
    lock.unlock();
    NoteEnds();
    NoteOccasions();
    StartDue();
    lock.lock();
    changed_.wait_for(lock, kTick, [&] { return stops_; });
  }
  lock.unlock();
  for (auto& [name, run] : running_) run.End();
  running_.clear();
}

void Scheduler::Stop() {
  std::lock_guard lock(mutex_);
  stops_ = true;
  changed_.notify_all();
}

void Scheduler::NoteOccasions() {
  base::Timestamp now = clock_.Now();
  ++round_;
  for (const auto& job : jobs_) {
    base::Timestamp last = job.occasion.LastUntil(now);
    auto [noted, is_new] = noted_.try_emplace(job.name, last);
    if (is_new || noted->second != last) due_.try_emplace(job.name, round_);
    noted->second = last;
  }
}

void Scheduler::StartDue() {
  for (const auto& job : jobs_) {
    if (!due_.contains(job.name) || MustWait(job)) continue;
    due_.erase(job.name);
    Start(job);
  }
}

// A disk that is full takes no lock and no log; the others, and the next occasion, must not fall with it.
void Scheduler::Start(const Job& job) {
  try {
    if (auto run = JobRun::Start(job.command)) {
      running_.emplace(job.name, *std::move(run));
    } else {
      on_end_(job, std::nullopt, false);
    }
  } catch (const base::Error& error) {
    base::LogError("the job could not be started", {{"job", job.name}, {"why", error.message()}});
  }
}

// While it runs itself it stays due: what has come since its start is not left for the next hour. Of two jobs of which
// one goes after the other, the one that has waited longer goes first: a busy one does not keep others away for ever.
bool Scheduler::MustWait(const Job& job) const {
  if (running_.contains(job.name)) return true;
  uint64_t since = due_.at(job.name);
  auto is_in_the_way = [&](const std::string& other) {
    auto due = due_.find(other);
    return running_.contains(other) || (due != due_.end() && due->second <= since);
  };
  if (std::any_of(job.after.begin(), job.after.end(), is_in_the_way)) return true;
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& other) {
    auto due = due_.find(other.name);
    return other.after.contains(job.name) && due != due_.end() && due->second < since;
  });
}

void Scheduler::NoteEnds() {
  for (const auto& job : jobs_) {
    auto run = running_.find(job.name);
    if (run == running_.end()) continue;
    auto exit_code = run->second.Poll();
    if (!exit_code) continue;
    bool is_timed_out = run->second.is_timed_out();
    running_.erase(run);
    on_end_(job, exit_code, is_timed_out);
  }
}

}  // namespace qlake::schedule
