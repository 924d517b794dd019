#include "schedule/scheduler.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

namespace qlake::schedule {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() {
    char path[] = "/tmp/qlake_schedule_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~SchedulerTest() override { fs::remove_all(folder_); }

  JobCommand Shell(const std::string& name, const std::string& script) const {
    JobCommand command;
    command.program = "/bin/sh";
    command.arguments = {"-c", script};
    command.lock_file = folder_ + "/new folder/" + name + ".lock";
    command.log_file = folder_ + "/new folder/" + name + ".log";
    return command;
  }
  std::string Log(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_ + "/new folder/" + name + ".log").rdbuf();
    return text.str();
  }
  // Until the log holds the text; false after 10 s.
  bool WaitForLog(const std::string& name, const std::string& text) const {
    for (int i = 0; i < 1000; ++i) {
      if (Log(name).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  std::string folder_;
};

// A clock that the test sets.
class SetClock final : public base::Clock {
 public:
  explicit SetClock(std::string_view now) { Set(now); }
  void Set(std::string_view now) { us_ = base::ParseTimestamp(now)->us; }
  base::Timestamp Now() const override { return {us_}; }

 private:
  std::atomic<int64_t> us_ = 0;
};

TEST_F(SchedulerTest, AJobDoesNotOverlapItself) {
  auto first = JobRun::Start(Shell("a", "echo begun; exec sleep 30"));
  ASSERT_TRUE(first);
  EXPECT_FALSE(JobRun::Start(Shell("a", "echo second")));
  EXPECT_TRUE(JobRun::Start(Shell("b", "true"))) << "others go on";
  first->End();
  EXPECT_EQ(first->Wait(), 128 + SIGTERM);
  EXPECT_TRUE(JobRun::Start(Shell("a", "true")));
}

TEST_F(SchedulerTest, WhatAJobPrintsAndHowItEndsAreKept) {
  auto command = Shell("a", "echo $WORD; echo problem >&2; exit 3");
  command.environment = {{"WORD", "two words"}};
  EXPECT_EQ(JobRun::Start(command)->Wait(), 3);
  EXPECT_EQ(Log("a"), "two words\nproblem\n");
  command.program = "/no/such/program";
  EXPECT_EQ(JobRun::Start(command)->Wait(), 127);
}

TEST_F(SchedulerTest, AJobWhoseTimeIsOverEndsEvenIfItWillNot) {
  auto command = Shell("a", "trap '' TERM; echo begun; while true; do sleep 0.1; done");
  command.timeout = milliseconds(300);
  auto run = JobRun::Start(command);
  EXPECT_EQ(run->Wait(), 128 + SIGKILL);
  EXPECT_TRUE(run->is_timed_out());
}

TEST_F(SchedulerTest, LogsRotateAndStayBounded) {
  auto command = Shell("a", "head -c 600 /dev/zero | tr '\\0' x");
  command.log_bytes_max = 1000;
  command.log_files_max = 2;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(JobRun::Start(command)->Wait(), 0);
  uint64_t bytes = 0;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_ + "/new folder")) {
    names.insert(entry.path().filename());
    bytes += entry.file_size();
  }
  EXPECT_EQ(names, (std::set<std::string>{"a.lock", "a.log", "a.log.1", "a.log.2"}));
  EXPECT_LE(bytes, 3u * 1600);
}

TEST_F(SchedulerTest, ALeapOfTheClockWakesEachJobOnceAndThoseBehindWait) {
  SetClock clock("2023-05-20T14:05:00Z");
  std::vector<Job> jobs = {{"first", *Occasion::Parse(":00"), {}, Shell("x", "sleep 0.3; echo first")},
                           {"second", *Occasion::Parse(":20"), {"first"}, Shell("y", "cat \"$LOG\"; echo -- second")},
                           {"never", *Occasion::Parse("off"), {}, Shell("z", "echo never")}};
  jobs[1].command.environment = {{"LOG", folder_ + "/new folder/x.log"}};
  std::mutex mutex;
  std::vector<std::string> ended;
  Scheduler scheduler(jobs, clock, [&](const Job& job, std::optional<int> exit_code, bool) {
    std::lock_guard lock(mutex);
    ended.push_back(job.name + " " + std::to_string(exit_code.value_or(-1)));
  });
  std::thread thread([&] { scheduler.Run(); });
  auto has_ended = [&](size_t count) {
    for (int i = 0; i < 1000; ++i) {
      {
        std::lock_guard lock(mutex);
        if (ended.size() >= count) return ended.size() == count;
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  };
  EXPECT_TRUE(has_ended(2)) << "at the start all are due";
  EXPECT_EQ(Log("y"), "first\n-- second\n");
  clock.Set("2023-05-23T09:30:00Z");
  EXPECT_TRUE(has_ended(4)) << "three days ahead: each once";
  clock.Set("2023-05-20T14:21:00Z");
  EXPECT_TRUE(has_ended(6)) << "and back again";
  std::this_thread::sleep_for(milliseconds(600));
  EXPECT_TRUE(has_ended(6)) << "nothing more while the hour lasts";
  scheduler.Stop();
  thread.join();
}

// The first is due again whenever it ends.
TEST_F(SchedulerTest, ABusyJobDoesNotKeepAwayTheOneThatGoesAfterIt) {
  SetClock clock("2023-05-20T14:00:00Z");
  std::vector<Job> jobs = {{"busy", *Occasion::Parse("every 1m"), {}, Shell("busy", "true")},
                           {"behind", *Occasion::Parse("every 1m"), {"busy"}, Shell("behind", "echo ran")}};
  std::mutex mutex;
  std::map<std::string, int> ended;
  std::vector<std::string> order;
  Scheduler scheduler(jobs, clock, [&](const Job& job, std::optional<int>, bool) {
    std::lock_guard lock(mutex);
    order.push_back(job.name);
    if (job.name == "busy") {
      int minute = ++ended["busy"];
      clock.Set("2023-05-20T14:" + std::string(minute < 10 ? "0" : "") + std::to_string(minute) + ":00Z");
    } else {
      ++ended["behind"];
    }
  });
  std::thread thread([&] { scheduler.Run(); });
  auto count = [&](const char* name) {
    std::lock_guard lock(mutex);
    return ended[name];
  };
  for (int i = 0; i < 3'000 && count("behind") < 3; ++i) std::this_thread::sleep_for(milliseconds(10));
  scheduler.Stop();
  thread.join();
  EXPECT_EQ(count("behind"), 3) << "of " << order.size() << " runs";
  int in_a_row = 0;
  for (const auto& name : order) {
    in_a_row = name == "busy" ? in_a_row + 1 : 0;
    EXPECT_LE(in_a_row, 2) << "it waits for the one that runs and, at most, for one that was due as early";
  }
}

TEST_F(SchedulerTest, AJobThatCannotBeStartedLeavesTheOthersAlone) {
  SetClock clock("2023-05-20T14:05:00Z");
  std::vector<Job> jobs = {{"a", *Occasion::Parse(":00"), {}, Shell("a", "true")},
                           {"b", *Occasion::Parse(":00"), {"a"}, Shell("b", "echo begun")}};
  jobs[0].command.lock_file = "/proc/no/such.lock";
  Scheduler scheduler(jobs, clock, [](const Job&, std::optional<int>, bool) {});
  std::thread thread([&] { scheduler.Run(); });
  EXPECT_TRUE(WaitForLog("b", "begun"));
  scheduler.Stop();
  thread.join();
}

TEST_F(SchedulerTest, StoppingEndsTheJobs) {
  SetClock clock("2023-05-20T14:05:00Z");
  Scheduler scheduler({{"a",
                        *Occasion::Parse(":00"),
                        {},
                        Shell("a",
                              "trap 'echo told; exit 0' TERM; echo begun; while "
                              "true; do sleep 0.1; done")}},
                      clock, [](const Job&, std::optional<int>, bool) {});
  std::thread thread([&] { scheduler.Run(); });
  EXPECT_TRUE(WaitForLog("a", "begun"));
  scheduler.Stop();
  thread.join();
  EXPECT_NE(Log("a").find("told"), std::string::npos);
}

}  // namespace
}  // namespace qlake::schedule
