// The timetable as its user meets it: cron's own daemon, systemd's own checker, the foreground, settings, a full disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ScheduleTest : public LakeTest {
 protected:
  // A workplace whose name cron, shells and systemd all stumble over.
  std::string Workplace() const {
    std::string work = folder() + "/50% of o'clock $HOME \"x\"";
    fs::create_directories(work + "/landing/2023-05-20T10");
    std::ofstream(work + "/landing/2023-05-20T10/sales_transactions_1.csv", std::ios::binary)
        << SalesCsv({{.id = "trx-1"}, {.id = "trx-2"}});
    return work;
  }

  static bool WaitFor(const std::function<bool()>& condition) {
    for (int i = 0; i < 3'000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(20));
    return condition();
  }
};

// Another workplace within a test.
class LakeTestInstance : public LakeTest {
 public:
  void TestBody() override {}
};

TEST_F(ScheduleTest, ARealCronDaemonCarriesTheTimetableOutBesideTheUsersLines) {
  if (geteuid() != 0 || !fs::exists("/usr/sbin/cron")) {
    GTEST_SKIP() << "SKIPPED: cron's daemon needs root and Debian's package cron";
  }
  std::string work = Workplace();
  std::ofstream(work + "/qlake.toml") << "lake = \"lake\"\nlanding = \"landing\"\nsettle = \"0s\"\n[schedule]\n"
                                      << "ingest = \"every 1m\"\nprocess = \"every 1m\"\n";
  auto result = RunProgram({"/usr/bin/unshare", "--mount", "--propagation", "private",
                            std::string(QLAKE_REPOSITORY) + "/tests/clock/cron_sandbox.sh", QLAKE_BINARY, work, "70"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  std::string users = ReadFile(work + "/crontab.user");
  std::string installed = ReadFile(work + "/crontab.installed");
  EXPECT_EQ(installed.substr(0, users.size()), users);
  EXPECT_NE(installed.find("\n40 * * * * cd '"), std::string::npos) << installed;
  EXPECT_NE(installed.find("\n0 1 * * * cd '"), std::string::npos) << installed;
  EXPECT_EQ(ReadFile(work + "/crontab.after"), users);
  EXPECT_EQ(ReadFile(folder() + "/users.txt").substr(0, 11), "hello 100%\n") << "the user's own line ran, too";
  EXPECT_NE(ReadFile(work + "/schedule/ingest.log").find("the job is done"), std::string::npos)
      << ReadFile(work + "/schedule/ingest.log");
  Qlake({"process"}, {}, work);  // In the minute of both, process may have been first.
  EXPECT_EQ(Qlake({"sql", "SELECT count(*) AS n FROM sales_transactions_fact", "--format", "csv"}, {}, work).out,
            "n\n2\n");
}

TEST_F(ScheduleTest, UnitsAreToSystemdsLiking) {
  if (!fs::exists("/usr/bin/systemd-analyze")) GTEST_SKIP() << "SKIPPED: there is no systemd-analyze";
  std::string work = Workplace();
  auto result = Qlake({"schedule", "--print-systemd", "units", "--landing", "landing"}, {}, work);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> command = {"/usr/bin/systemd-analyze", "verify"};
  for (const auto& unit : fs::directory_iterator(work + "/units")) command.push_back(unit.path());
  EXPECT_EQ(command.size(), 2u + 2 * 4);
  auto verdict = RunProgram(command);
  EXPECT_EQ(verdict.exit_code, 0) << verdict.err;
  EXPECT_EQ(verdict.err.find("qlake"), std::string::npos) << verdict.err;
}

TEST_F(ScheduleTest, UnitsOfTwoLakesOfOneMachineAreDifferentOnes) {
  std::set<std::string> names;
  for (const char* lake : {"/srv/a/lake", "/srv/b/lake"}) {
    auto result = Qlake({"schedule", "--print-systemd", folder() + "/units", "--lake", lake}, {}, folder());
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("systemctl disable --now qlake-ingest-"), std::string::npos) << result.out;
  }
  for (const auto& unit : fs::directory_iterator(folder() + "/units")) names.insert(unit.path().filename());
  EXPECT_EQ(names.size(), 2u * 2 * 4) << "ingest, process, dump, compact: a service and a timer each";
}

TEST_F(ScheduleTest, InTheForegroundEverythingDueIsDoneAndSigtermEndsIt) {
  std::string work = Workplace();
  RunningQlake scheduler({"schedule", "--settle", "0s", "--quiet"}, {}, work);
  EXPECT_TRUE(WaitFor([&] {
    return Qlake({"sql", "SELECT count(*) AS n FROM sales_transactions_fact", "--format", "csv"}, {}, work).out ==
           "n\n2\n";
  })) << "at its start, what is due is done: ingest, then process";
  scheduler.Signal(SIGTERM);
  auto result = scheduler.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(ScheduleTest, AJobThatStillRunsIsNotDisturbedAndTheLogSaysSo) {
  std::string work = Workplace();
  std::string shown = Qlake({"schedule", "--job", "ingest", "--to-log", "--landing", work + "/none"}, {}, work).err;
  std::string lock;
  for (const auto& entry : fs::directory_iterator(work + "/schedule")) {
    if (entry.path().extension() == ".lock") lock = entry.path().string();
  }
  ASSERT_NE(lock, "") << shown;
  fs::remove_all(work + "/lake");
  int held = open(lock.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  EXPECT_EQ(Qlake({"schedule", "--job", "ingest", "--to-log"}, {}, work).exit_code, 0);
  EXPECT_NE(ReadFile(work + "/schedule/ingest.log").find("left out"), std::string::npos);
  EXPECT_FALSE(fs::exists(work + "/lake"));
  close(held);
  EXPECT_EQ(Qlake({"schedule", "--job", "ingest", "--to-log", "--settle", "0s"}, {}, work).exit_code, 0);
  EXPECT_TRUE(fs::exists(work + "/lake"));
}

TEST_F(ScheduleTest, WhatCronWouldLackIsRefusedWhenItIsInstalled) {
  auto secret = Qlake({"schedule", "--print-cron"}, {{"QLAKE_SPARK_TOKEN", "s3cret"}}, folder());
  EXPECT_EQ(secret.exit_code, 2);
  EXPECT_NE(secret.err.find("spark.token comes from the environment"), std::string::npos) << secret.err;
  EXPECT_EQ(secret.err.find("s3cret"), std::string::npos);
  auto environment = Qlake({"schedule", "--print-cron"}, {{"QLAKE_LAKE", "/srv/my lake"}}, folder());
  EXPECT_NE(environment.out.find("'--lake' '/srv/my lake'"), std::string::npos) << environment.out;
  std::ofstream(folder() + "/qlake.toml") << "[schedule]\ningest = \"7 * * * *\"\n";
  auto wrong = Qlake({"schedule", "--print-cron"}, {}, folder());
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("qlake.toml:2"), std::string::npos) << wrong.err;
}

TEST_F(ScheduleTest, ALowDiskStopsARunBeforeItWrites) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  for (const char* command : {"ingest", "process", "run"}) {
    auto result = Run({command, "--disk-free-min", "900TB"});
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_NE(result.err.find("disk.free_min"), std::string::npos) << result.err;
    for (const auto& entry : fs::recursive_directory_iterator(lake())) {
      EXPECT_FALSE(entry.is_regular_file()) << command << " wrote " << entry.path();
    }
  }
  MustRun({"run"});
  EXPECT_EQ(Run({"compact", "--disk-free-min", "900TB"}).exit_code, 1);
  MustRun({"vacuum"});
}

TEST_F(ScheduleTest, ALowDiskEndsAStreamBeforeItWritesAndTheNextOneReadsItAgain) {
  Qlake({"simulate", "events", "--out", folder() + "/events.jsonl", "--count", "100", "--seed", "1"});
  auto stream = [&](const std::string& free_min) {
    return Run({"stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--disk-free-min", free_min});
  };
  auto result = stream("900TB");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("disk.free_min"), std::string::npos) << result.err;
  EXPECT_EQ(stream("0B").exit_code, 0);
  EXPECT_EQ(Sql("SELECT count(*) FROM events.app_events"), "100\n");
}

// Cron wakes at 01:00 of the machine's zone: in New York that is 05:00 or 06:00 UTC, in Auckland noon or 13:00 of the
// day before. Days are those of UTC whatever the zone.
TEST_F(ScheduleTest, WhateverTheMachinesZoneDaysAreThoseOfUtc) {
  struct Wake {
    const char* zone;
    const char* now;
    std::vector<const char*> days;
  };
  for (const auto& wake : std::vector<Wake>{
           {"America/New_York", "2023-05-20T05:00:00Z", {"18", "19"}},
           {"America/New_York", "2023-05-21T05:00:00Z", {"18", "19", "20"}},
           {"Pacific/Auckland", "2023-05-20T13:00:00Z", {"18", "19"}},
           {"Pacific/Auckland", "2023-05-21T13:00:00Z", {"18", "19", "20"}},
       }) {
    LakeTestInstance lake;
    for (const char* day : {"18", "19", "20", "21"}) {
      std::string date = std::string("2023-05-") + day;
      if (date > std::string(wake.now).substr(0, date.size())) continue;
      lake.Drop(date + "T00", "sales_transactions_1.csv", SalesCsv({{.id = std::string("a") + day, .date = date}}));
      lake.Drop(date + "T23", "sales_transactions_2.csv", SalesCsv({{.id = std::string("b") + day, .date = date}}));
    }
    Environment environment = {{"TZ", wake.zone}, {"QLAKE_NOW", wake.now}};
    lake.MustRun({"ingest"}, environment);
    lake.MustRun({"process"}, environment);
    lake.MustRun({"dump", "--due"}, environment);
    std::set<std::string> expected;
    for (const char* day : wake.days) expected.insert(std::string("b2b_sales_2023-05-") + day + ".csv");
    std::set<std::string> dumped;
    for (const auto& file : fs::directory_iterator(lake.dump())) {
      if (file.path().extension() == ".csv") dumped.insert(file.path().filename());
    }
    EXPECT_EQ(dumped, expected) << wake.zone << " " << wake.now;
    EXPECT_NE(ReadFile(lake.dump() + "/b2b_sales_2023-05-19.csv").find(",4"), std::string::npos) << "both hours of it";
  }
}

TEST_F(ScheduleTest, AnIdleRunMakesAFailureGood) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"ingest"});
  fs::rename(landing(), landing() + " away");
  EXPECT_EQ(Run({"ingest"}).exit_code, 2);
  EXPECT_NE(MustRun({"status"}).find("failed   ingest"), std::string::npos);
  EXPECT_NE(MustRun({"metrics"}).find("qlake_run_failed{command=\"ingest\"} 1\n"), std::string::npos);
  fs::rename(landing() + " away", landing());
  MustRun({"ingest"});
  EXPECT_NE(MustRun({"status"}).find("failed   nothing"), std::string::npos);
  EXPECT_NE(MustRun({"metrics"}).find("qlake_run_failed{command=\"ingest\"} 0\n"), std::string::npos);
  // Said once; what is idle ever after is no run.
  MustRun({"ingest"});
  EXPECT_EQ(Sql("SELECT state, count(*) FROM ops.runs WHERE command = 'ingest' GROUP BY state ORDER BY state"),
            "done,2\nfailed,1\n");
}

TEST_F(ScheduleTest, FailedMaintenanceIsEnteredWhateverFailed) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  auto repair = Run({"repair", "--metastore", "thrift://127.0.0.1:1"});
  EXPECT_EQ(repair.exit_code, 1) << repair.err;
  EXPECT_EQ(Sql("SELECT command, state FROM ops.runs ORDER BY started_at DESC LIMIT 1"), "repair,failed\n");
  int held = open((lake() + "/_qlake/writer.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  EXPECT_EQ(Run({"vacuum", "--lease-wait", "0s"}).exit_code, 1);
  close(held);
  EXPECT_NE(MustRun({"status"}).find("failed   vacuum"), std::string::npos);
  MustRun({"vacuum"});
  std::string status = MustRun({"status"});
  EXPECT_EQ(status.find("failed   vacuum"), std::string::npos) << status;
  EXPECT_NE(status.find("failed   repair"), std::string::npos) << status;
  // A dry run and a mistake of whoever calls are no runs.
  EXPECT_EQ(Run({"restore", "no_such_table", "--to", "1"}).exit_code, 2);
  EXPECT_EQ(Sql("SELECT count(*) FROM ops.runs WHERE command = 'restore'"), "0\n");
}

TEST_F(ScheduleTest, AFailureIsSaidOnceOnStandardError) {
  std::vector<std::string> command = {"ingest", "--landing", folder() + "/none", "--lake", lake()};
  auto result = Qlake(command, {}, folder());
  EXPECT_EQ(result.exit_code, 2);
  size_t first = result.err.find("cannot read the landing zone");
  ASSERT_NE(first, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("cannot read the landing zone", first + 1), std::string::npos) << result.err;
  command.insert(command.end(), {"--log-file", folder() + "/log"});
  Qlake(command, {}, folder());
  std::string log = ReadFile(folder() + "/log");
  EXPECT_NE(log.find("\"message\":\"step failed\""), std::string::npos) << log;
  EXPECT_NE(log.find("\"why\":\"cannot read the landing zone"), std::string::npos) << log;
}

// A pipe where a file of the lake should be: whoever opens it waits for ever, as on a server of files that is gone.
TEST_F(ScheduleTest, ARunThatHangsInTheSystemEndsWithItsTime) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"ingest"});
  // In the landing zone a pipe is no file, and nobody waits for it.
  fs::create_directories(landing() + "/2023-05-20T11");
  ASSERT_EQ(mkfifo((landing() + "/2023-05-20T11/sales_transactions_1.csv").c_str(), 0600), 0);
  MustRun({"ingest"});
  std::string entry;
  for (const auto& file : fs::recursive_directory_iterator(lake() + "/raw/bytes")) {
    if (file.is_regular_file()) entry = file.path();
  }
  fs::rename(entry, folder() + "/entry");
  ASSERT_EQ(mkfifo(entry.c_str(), 0600), 0);
  auto hangs = Run({"process", "--timeout", "200ms"});
  EXPECT_EQ(hangs.exit_code, 1);
  EXPECT_NE(hangs.err.find("run.timeout"), std::string::npos) << hangs.err;
  fs::remove(entry);
  fs::rename(folder() + "/entry", entry);
  MustRun({"process"});
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "1\n");
}

TEST_F(ScheduleTest, EveryDayThatIsOverIsDumpedHoweverManyWakeUpsWereMissed) {
  Drop("2023-05-18T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1", .date = "2023-5-18"}}));
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2", .date = "2023-5-20"}}));
  MustRun({"ingest"});
  MustRun({"process"});
  MustRun({"dump", "--due"}, {{"QLAKE_NOW", "2023-05-20T23:59:00Z"}});
  EXPECT_TRUE(fs::exists(dump() + "/b2b_sales_2023-05-18.csv"));
  EXPECT_FALSE(fs::exists(dump() + "/b2b_sales_2023-05-20.csv")) << "the day is not over";
  MustRun({"dump", "--due"}, {{"QLAKE_NOW", "2023-05-24T01:00:00Z"}});
  EXPECT_TRUE(fs::exists(dump() + "/b2b_sales_2023-05-20.csv"));
  EXPECT_NE(MustRun({"dump", "--due"}, {{"QLAKE_NOW", "2023-05-24T01:00:00Z"}}).find("nothing to do"),
            std::string::npos);
}

TEST_F(ScheduleTest, ALandingZoneThatIsGoneStopsNothingElse) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"ingest"});
  fs::remove_all(landing());
  auto result = Run({"run", "--quiet"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("landing"), std::string::npos) << result.err;
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "1\n") << "what had come was processed";
  EXPECT_TRUE(fs::exists(dump() + "/b2b_sales_2023-05-19.csv"));
}

TEST_F(ScheduleTest, ARunIsTriedAgainWhileAnotherHasTheLease) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"ingest"});
  int held = open((lake() + "/_qlake/writer.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  auto refused = Run({"process", "--lease-wait", "0s"});
  EXPECT_EQ(refused.exit_code, 1);
  RunningQlake waiting({"process", "--lake", lake(), "--lease-wait", "0s", "--retry-for", "60s"}, {}, folder());
  std::this_thread::sleep_for(milliseconds(1'500));
  EXPECT_FALSE(waiting.HasEnded());
  close(held);
  EXPECT_EQ(waiting.Wait().exit_code, 0);
}

// Two hosts share a lake on disk: the OS's lock keeps a halted holder's lease. Whoever breaks the lock by hand takes
// the lake from it, and what it had under way is refused.
TEST_F(ScheduleTest, AHaltedHolderKeepsTheLeaseAndOneWhoseLeaseWasTakenCanCommitNothing) {
  std::vector<Sale> sales;
  for (int i = 0; i < 20'000; ++i) sales.push_back({.id = "trx-" + std::to_string(i)});
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv(sales));
  MustRun({"ingest"});
  RunningQlake halted({"process", "--lake", lake(), "--quiet"}, {}, folder());
  ASSERT_TRUE(WaitFor([&] { return fs::exists(lake() + "/ops/steps/_delta_log"); })) << "its intent is written";
  halted.Signal(SIGSTOP);
  ASSERT_FALSE(halted.HasEnded()) << "it was faster than the test: more sales are needed";
  auto second = Run({"process", "--lease-wait", "300ms"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.err.find("being written by another qlake"), std::string::npos) << second.err;
  fs::remove(lake() + "/_qlake/writer.lock");
  MustRun({"process"});
  std::string content = Content();
  halted.Signal(SIGCONT);
  auto result = halted.Wait();
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_NE(result.err.find("another writer was at"), std::string::npos) << result.err;
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "20000\n");
}

}  // namespace
}  // namespace qlake::testing
