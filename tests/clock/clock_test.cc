// Hours of wake-ups at wrong times on two hosts, with everything that goes wrong in between, against a lake that has
// had an easy life.
#include "base/clock.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <list>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/test_seed.h"
#include "clock/lived_lake.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr const char* kStart = "2023-05-20T00";
constexpr int64_t kPeakKilobytesMax = 900 << 10;
constexpr int64_t kUsPerHour = 3'600'000'000;
constexpr uint64_t kLogBytesMax = 64 << 10;

int64_t Setting(const char* name, int64_t by_default) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::atoll(given) : by_default;
}

// A disk of its own for the lake, as small as the test likes. Only root may mount one.
bool MountSmallDisk(const std::string& folder, int64_t megabytes) {
  fs::create_directories(folder);
  if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) return false;
  // What is mounted is seen by this process and its children only, and goes with them.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  std::string size = "size=" + std::to_string(megabytes) + "m";
  return mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

int64_t CountFiles(const std::string& folder) {
  return std::count_if(fs::recursive_directory_iterator(folder), fs::recursive_directory_iterator(),
                       [](const fs::directory_entry& entry) { return entry.is_regular_file(); });
}

class ClockTest : public LakeTest {
 protected:
  ClockTest() : seed_(base::TestSeed()), random_(seed_), hours_(Setting("QLAKE_HOURS", 72)) {
    has_small_disk_ = MountSmallDisk(folder() + "/disk", 64 + 8 * hours_);
    if (!has_small_disk_) {
      std::cerr << "SKIPPED in part: no small disk can be mounted without root; instead of running full, writes fail "
                   "with ENOSPC by QLAKE_STORAGE_FAULT\n";
    }
    for (const char* host : {"a", "b"}) {
      fs::create_directories(Host(host));
      std::ofstream(Host(host) + "/qlake.toml")
          << "lake = \"../disk/lake\"\nlanding = \"../landing\"\ndump_dir = \"../disk/dump\"\nmemory = \"600MiB\"\n"
          << "lease_wait = \"1s\"\nsettle = \"0s\"\n[run]\nretry_for = \"2s\"\n[disk]\nfree_min = \"0B\"\n"
          << "[schedule]\nvacuum = \"03:30\"\n[log]\nrotate_bytes = \"" << kLogBytesMax << "B\"\nkeep = 2\n";
    }
  }
  ~ClockTest() override {
    actors_.clear();
    if (has_small_disk_) umount2((folder() + "/disk").c_str(), MNT_DETACH);
  }

  std::string Host(const std::string& name) const { return folder() + "/host " + name; }
  using Time = std::chrono::steady_clock;
  struct Fate {
    std::optional<Time::time_point> kill_at;
    std::optional<Time::time_point> halt_at;
    std::optional<Time::time_point> go_on_at;
  };

  static int Meet(const Actor& actor, std::optional<Time::time_point>& at, int signal, Time::time_point now) {
    if (!at || now < *at) return 0;
    actor.Signal(signal);
    at.reset();
    return 1;
  }

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }

  // Simulated time as QLAKE_NOW takes it.
  std::string Now(int64_t hour, int64_t minute, int64_t leap_hours) const {
    int64_t us = base::StartOf(*base::ParseHour(kStart)).us + (hour + leap_hours) * kUsPerHour + minute * 60'000'000;
    return base::FormatTimestamp({us});
  }

  int64_t Leap() {
    static constexpr int64_t kLeaps[] = {1, -1, 2, -2, 24, -24, 24 * 40, -24 * 40};
    return Chance(10) ? kLeaps[Below(std::size(kLeaps))] : 0;
  }

  // A wake-up: by the timetable's own door half of the time, else the bare command.
  void Wake(const std::string& job, int64_t hour, int64_t minute) {
    std::string host = Chance(50) ? "a" : "b";
    std::vector<std::string> command = {QLAKE_BINARY};
    if (Chance(50)) {
      command.insert(command.end(), {"schedule", "--job", job, "--to-log"});
    } else {
      command.push_back(job);
      if (job == "dump") command.push_back("--due");
      if (job == "compact" && Chance(50)) command.push_back("--open");
    }
    Environment environment = {{"QLAKE_NOW", Now(hour, minute, Leap())}};
    if (disk_is_full_ && !has_small_disk_) {
      environment["QLAKE_STORAGE_FAULT"] = "any:" + std::to_string(1 + Below(30)) + ":ENOSPC:persistent";
    }
    if (disk_is_full_ && Chance(50)) environment["QLAKE_DISK_FREE_MIN"] = "8MiB";
    Start(host + " " + job + " at " + environment["QLAKE_NOW"], command, environment, Host(host));
  }

  // The stream's verdicts know the time of arrival: its clock is right.
  void WakeStream(int64_t hour) {
    Start(
        "stream of hour " + std::to_string(hour),
        {QLAKE_BINARY, "stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--batch-messages", "100"},
        {{"QLAKE_NOW", Now(hour + 1, 0, 0)}}, Host("a"));
  }

  // What becomes of a process is settled when it starts, so that a seed plays the same part again.
  void Start(const std::string& what, const std::vector<std::string>& command, const Environment& environment,
             const std::string& folder) {
    Fate fate;
    auto now = Time::now();
    auto moment = [&] { return now + milliseconds(Below(500)); };
    if (Chance(20)) {
      fate.kill_at = moment();
    } else if (Chance(20)) {
      fate.halt_at = moment();
      fate.go_on_at = *fate.halt_at + milliseconds(Below(400));
    }
    actors_.emplace_back(Actor(what, command, environment, folder), fate);
  }

  // Lets fates come true, and looks at who has ended.
  void Turn() {
    auto now = Time::now();
    for (auto it = actors_.begin(); it != actors_.end();) {
      auto& [actor, fate] = *it;
      if (actor.HasEnded()) {
        Judge(actor);
        it = actors_.erase(it);
        continue;
      }
      kills_ += Meet(actor, fate.kill_at, SIGKILL, now);
      halts_ += Meet(actor, fate.halt_at, SIGSTOP, now);
      Meet(actor, fate.go_on_at, SIGCONT, now);
      ++it;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }

  void LiveThrough(milliseconds at_least) {
    auto until = Time::now() + at_least;
    while (Time::now() < until || actors_.size() > 2) Turn();
  }

  void AwaitAll() {
    while (!actors_.empty()) Turn();
  }

  // What a scheduled job said, of "a compact at ...".
  std::string LogOf(const std::string& what) const {
    std::string job = what.substr(2, what.find(' ', 2) - 2);
    return ReadFile(Host(what.substr(0, 1)) + "/schedule/" + job + ".log");
  }

  // A job may fail: another has the lease, the disk is full, it was killed. It may not find anything corrupt or crash.
  void Judge(Actor& actor) {
    int code = actor.Wait();
    ++ended_[code];
    peak_kilobytes_ = std::max(peak_kilobytes_, actor.peak_kilobytes());
    std::string output = actor.Output();
    if (output.empty() && code == 2) output = LogOf(actor.what());
    bool is_too_early =
        output.find("there is no lake yet") != std::string::npos || output.find("qlake run") != std::string::npos;
    bool is_expected = code == 0 || code == 1 || code == 128 + SIGKILL || code == 128 + SIGTERM || code == 130 ||
                       (code == 2 && is_too_early);
    EXPECT_TRUE(is_expected) << actor.what() << ": exit code " << code << "\n" << output;
    EXPECT_EQ(output.find("\"kind\":\"corrupt\""), std::string::npos) << actor.what() << "\n" << output;
    size_t reason = output.find("qlake: ");  // What the timetable's jobs say is in their logs.
    if (code == 1) ++reasons_[reason == std::string::npos ? "in a log" : output.substr(reason, 45)];
  }

  void Deliver(const Delivery& delivery) const {
    fs::path folder = fs::path(landing()) / delivery.drop;
    fs::create_directories(folder);
    std::ofstream(folder / (delivery.name + ".part"), std::ios::binary) << delivery.bytes;
    fs::rename(folder / (delivery.name + ".part"), folder / delivery.name);
  }

  // Everything but some hundred kilobytes at most.
  void FillDisk() {
    disk_is_full_ = true;
    if (!has_small_disk_) return;
    struct statvfs disk {};
    ASSERT_EQ(statvfs((folder() + "/disk").c_str(), &disk), 0);
    uint64_t left = Below(400) << 10;
    uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
    std::ofstream filler(folder() + "/disk/filler", std::ios::binary);
    std::string block(1 << 16, 'x');
    for (uint64_t written = 0; written + left + block.size() < free; written += block.size()) filler << block;
  }
  void EmptyDisk() {
    disk_is_full_ = false;
    fs::remove(folder() + "/disk/filler");
  }

  std::string Do(const std::string& lake, std::vector<std::string> command, const std::string& now = "") const {
    if (command[0] == "ingest") command.insert(command.end(), {"--landing", landing()});
    if (command[0] == "dump") command.insert(command.end(), {"--dump-dir", lake + "/../dump"});
    command.insert(command.end(), {"--lake", lake});
    Environment environment = {{"QLAKE_DISK_FREE_MIN", "0B"}};
    if (!now.empty()) environment["QLAKE_NOW"] = now;
    auto result = Qlake(command, environment, folder());
    EXPECT_EQ(result.exit_code, 0) << command[0] << "\n" << result.err;
    return result.out;
  }

  // What both lakes must have in common beside LakeTest::Content(): events, sums of them, dumps.
  std::string EventsOf(const std::string& lake) const {
    std::string all;
    for (const char* query :
         {"SELECT * EXCLUDE (_broker_time, _topic, _topic_id) FROM events.app_events ORDER BY _offset",
          "SELECT _offset, kind, left(reasons, 60) FROM events.app_events_dead_letter ORDER BY _offset",
          "SELECT window_start, eventType, category, sum(event_count) FROM marts.events_10_minutes GROUP BY ALL HAVING "
          "sum(event_count) <> 0 ORDER BY ALL"}) {
      all += Do(lake, {"sql", query, "--format", "csv", "--limit", "0"}) + "==\n";
    }
    return all;
  }
  static std::string DumpsOf(const std::string& dump) {
    std::map<std::string, std::string> files;
    if (!fs::exists(dump)) return "";
    for (const auto& file : fs::directory_iterator(dump)) {
      if (file.path().extension() == ".csv") files[file.path().filename()] = ReadFile(file.path());
    }
    std::string all;
    for (const auto& [name, text] : files) all += name + "\n" + text;
    return all;
  }

  uint64_t seed_;
  std::mt19937_64 random_;
  int64_t hours_;
  bool has_small_disk_ = false;
  bool disk_is_full_ = false;
  std::list<std::pair<Actor, Fate>> actors_;
  std::map<int, int> ended_;  // Exit code -> how many.
  std::map<std::string, int> reasons_;
  int kills_ = 0;
  int halts_ = 0;
  int64_t peak_kilobytes_ = 0;
};

// The content of a lake by the one rule of LakeTest, for a lake at another place.
class LakeAt : public LakeTest {
 public:
  explicit LakeAt(const std::string& lake) {
    fs::remove(this->lake());
    fs::create_directory_symlink(lake, this->lake());
  }
  void TestBody() override {}
};

TEST_F(ClockTest, HoursOfTroubleEndWhereAnUndisturbedRunDoes) {
  // The source, and what it does with it.
  std::string source = folder() + "/source";
  Qlake({"simulate", "drops", "--out", source, "--hours", std::to_string(hours_), "--rows", "40", "--seed",
         std::to_string(seed_ % 1'000'000), "--start", kStart, "--dirty", "0.03", "--dates", "recent"});
  auto plan = PlanDeliveries(source, hours_, random_);
  constexpr int64_t kEventsAnHour = 30;
  Qlake({"simulate", "events", "--out", folder() + "/all.jsonl", "--count", std::to_string(hours_ * kEventsAnHour),
         "--seed", std::to_string(seed_ % 1'000'000), "--bad", "0.03", "--start", std::string(kStart) + ":00:00Z",
         "--per-second", std::to_string(static_cast<double>(kEventsAnHour) / 3600)});
  std::ifstream all_events(folder() + "/all.jsonl");

  auto next = plan.begin();
  std::set<int64_t> full_hours;
  for (int64_t i = 0; i < std::max<int64_t>(1, hours_ / 18); ++i)
    full_hours.insert(2 + static_cast<int64_t>(Below(static_cast<uint64_t>(std::max<int64_t>(1, hours_ - 4)))));
  for (int64_t hour = 0; hour < hours_; ++hour) {
    for (; next != plan.end() && next->at_hour <= hour; ++next) Deliver(*next);
    {
      std::ofstream events(folder() + "/events.jsonl", std::ios::app);
      std::string line;
      for (int64_t i = 0; i < kEventsAnHour && std::getline(all_events, line); ++i) events << line << "\n";
    }
    if (full_hours.contains(hour)) FillDisk();
    std::vector<std::string> due = {"ingest", "process"};
    if (Chance(40)) due.push_back("compact");
    if (Chance(50)) due.push_back("stream");
    if (hour % 24 == 1) due.push_back("dump");
    if (hour % 24 == 3) due.push_back("vacuum");
    for (size_t i = due.size(); i > 0; --i) {
      if (Chance(15)) due.push_back(due[i - 1]);                             // Doubled.
      if (Chance(15)) due.erase(due.begin() + static_cast<int64_t>(i) - 1);  // Missed.
    }
    if (Chance(30)) std::shuffle(due.begin(), due.end(), random_);
    for (const auto& job : due) {
      if (job == "stream") {
        WakeStream(hour);
      } else {
        Wake(job, hour + 1, static_cast<int64_t>(Below(60)));
      }
      LiveThrough(milliseconds(Below(120)));
    }
    if (full_hours.contains(hour)) {
      AwaitAll();
      EmptyDisk();
    }
  }
  AwaitAll();
  std::cerr << hours_ << " hours: " << kills_ << " kills, " << halts_ << " halts, exit codes:";
  for (const auto& [code, count] : ended_) std::cerr << " " << code << "x" << count;
  std::cerr << "\n";
  for (const auto& [reason, count] : reasons_) std::cerr << "  " << count << " x " << reason << "\n";
  EXPECT_GT(ended_[0], hours_ / 2) << "most of it got through";
  EXPECT_LT(peak_kilobytes_, kPeakKilobytesMax);

  // One quiet hour, and everything is there.
  std::string lived = folder() + "/disk/lake";
  std::string quiet = Now(hours_ + 1, 0, 0);
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"ingest"},
                                             {"stream", "--from-file", folder() + "/events.jsonl", "--until-idle"},
                                             {"process"},
                                             {"dump", "--due"},
                                             {"compact", "--open"}}) {
    Do(lived, command, quiet);
  }
  Do(lived, {"vacuum", "--retain", "0s"});
  Do(lived, {"process"}, quiet);  // Marts of events look at what compactions wrote, and find no new rows.
  EXPECT_EQ(Do(lived, {"process"}, quiet), "nothing to do\n");
  Do(lived, {"verify", "--checksum"});

  // The easy life: a wake-up every six hours, on time, of one host, with every file in its last form.
  std::string easy = folder() + "/easy/lake";
  fs::create_directories(easy);
  fs::remove_all(landing());
  std::set<fs::path> drops;
  for (const auto& drop : fs::directory_iterator(source)) drops.insert(drop.path());
  int64_t hour = 0;
  for (const auto& drop : drops) {
    fs::create_directories(fs::path(landing()));
    fs::copy(drop, fs::path(landing()) / drop.filename());
    if (++hour % 6 != 0 && hour != static_cast<int64_t>(drops.size())) continue;
    Do(easy, {"ingest"}, Now(hour, 0, 0));
    Do(easy, {"process"}, Now(hour, 20, 0));
  }
  Do(easy, {"stream", "--from-file", folder() + "/events.jsonl", "--until-idle"}, quiet);
  Do(easy, {"process"}, quiet);
  Do(easy, {"dump", "--due"}, quiet);
  Do(easy, {"compact", "--open"}, quiet);
  Do(easy, {"vacuum", "--retain", "0s"});

  LakeAt lived_lake(lived);
  LakeAt easy_lake(easy);
  EXPECT_EQ(lived_lake.UnclosedLedger(), "");
  EXPECT_EQ(lived_lake.Content(), easy_lake.Content());
  EXPECT_EQ(EventsOf(lived), EventsOf(easy));
  EXPECT_EQ(DumpsOf(folder() + "/disk/dump"), DumpsOf(folder() + "/easy/dump"));
  EXPECT_LT(CountFiles(lived), 2 * CountFiles(easy) + 40 * hours_);
  for (const char* host : {"a", "b"}) {
    if (!fs::exists(Host(host) + "/schedule")) continue;  // In few hours, nothing may have gone that way.
    for (const auto& log : fs::directory_iterator(Host(host) + "/schedule")) {
      EXPECT_LT(log.file_size(), 2 * kLogBytesMax) << log.path();
    }
  }
  if (HasFailure()) std::cerr << "QLAKE_SEED=" << seed_ << " QLAKE_HOURS=" << hours_ << " replays it\n";
}

}  // namespace
}  // namespace qlake::testing
