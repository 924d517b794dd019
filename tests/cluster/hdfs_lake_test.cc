// The real binary on an actual HDFS: what of a lake is written there, moved there and back, and what ends a process or
// a server in the middle.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "base/json.h"
#include "storage/hdfs_storage.h"
#include "storage/unfinished.h"
#include "support/hdfs_cluster.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kKilled = 128 + 9;

std::string NumberedEvent(int n) {
  char text[400];
  std::snprintf(text, sizeof text,
                R"({"eventType":"purchase","customerId":"%05d","productId":"%04d","timestamp":"2023-12-28T08:00:%02d",)"
                R"("metadata":{"quantity":2,"totalAmount":12.50,"paymentMethod":"PayPal"}})"
                "\n",
                n / 10'000, n % 10'000, n % 60);
  return text;
}

constexpr const char* kNumbers =
    "SELECT count(*), count(DISTINCT n), min(n), max(n) FROM (SELECT CAST(customerId AS BIGINT) * 10000 + "
    "CAST(productId AS BIGINT) AS n FROM app_events)";

class HdfsLakeTest : public LakeTest {
 public:
  HdfsLakeTest() { Use(HdfsCluster::Shared()); }
  void TestBody() override {}

  void Use(const HdfsCluster& cluster) {
    environment_ = {{"QLAKE_HDFS_WEBHDFS", cluster.webhdfs()}, {"QLAKE_NOW", "2023-12-28T12:00:00Z"}};
    hdfs_ = cluster.NewFolder() + "/lake";
  }

  const std::string& hdfs() const { return hdfs_; }
  Environment With(Environment more = {}) const {
    more.insert(environment_.begin(), environment_.end());
    return more;
  }
  ProcessResult OnHdfs(std::vector<std::string> arguments, const Environment& more = {}) const {
    arguments.insert(arguments.end(), {"--lake", hdfs_});
    return Qlake(arguments, With(more), folder());
  }
  std::string MustOnHdfs(const std::vector<std::string>& arguments) const {
    auto result = OnHdfs(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }
  ProcessResult Copy(const std::string& from, const std::string& to, const Environment& more = {}) const {
    return Qlake({"copy", "--from", from, "--to", to, "--quiet"}, With(more), folder());
  }
  // Until it is not killed; the result of the last.
  ProcessResult CopyAgainstKills(const std::string& from, const std::string& to, std::mt19937& random) const;

  std::vector<std::string> IngestArguments() const { return {"ingest", "--landing", landing(), "--quiet"}; }
  std::vector<std::string> StreamArguments() const {
    return {
        "stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--batch-messages", "500", "--batch-age",
        "100ms",  "--quiet"};
  }
  void WriteEvents(int from, int to) const {
    std::ofstream stream(folder() + "/events.jsonl", std::ios::app | std::ios::binary);
    for (int n = from; n < to; ++n) stream << NumberedEvent(n);
  }
  std::unique_ptr<storage::Storage> Storage() const {
    return storage::OpenStorage(hdfs_, {.webhdfs = {environment_.at("QLAKE_HDFS_WEBHDFS")}});
  }
  // Brings the lake of HDFS to this test's local one, which Sql() and Content() ask.
  void BringHome() const {
    auto copied = Copy(hdfs_, lake());
    ASSERT_EQ(copied.exit_code, 0) << copied.err;
  }

 private:
  Environment environment_;
  std::string hdfs_;
};

// Kills the process after `delay`, when it has not ended by then.
ProcessResult RunAndKill(const std::vector<std::string>& arguments, const Environment& environment,
                         const std::string& folder, std::chrono::milliseconds delay) {
  RunningQlake running(arguments, environment, folder);
  for (auto left = delay; left > 0ms && !running.HasEnded(); left -= 10ms) std::this_thread::sleep_for(10ms);
  if (!running.HasEnded()) running.Signal(SIGKILL);
  return running.Wait();
}

ProcessResult HdfsLakeTest::CopyAgainstKills(const std::string& from, const std::string& to,
                                             std::mt19937& random) const {
  for (int limit_ms = 400;; limit_ms += limit_ms / 2) {
    auto delay = std::chrono::milliseconds(std::uniform_int_distribution<int>(50, limit_ms)(random));
    auto result =
        RunAndKill({"copy", "--from", from, "--to", to, "--quiet", "--hdfs-lease", "1s", "--lease-wait", "20s"}, With(),
                   folder(), delay);
    if (result.exit_code != kKilled) return result;
  }
}

unsigned Seed() {
  const char* text = std::getenv("QLAKE_SEED");
  unsigned seed = text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : std::random_device()();
  std::printf("QLAKE_SEED=%u\n", seed);
  return seed;
}

TEST_F(HdfsLakeTest, FilesAreTakenInAndTheLakeTellsItsHistoryAndIsSound) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}, {.id = "b"}}));
  EXPECT_NE(MustOnHdfs(IngestArguments()).find("1"), std::string::npos);
  Drop("2023-05-20T15", "sales_transactions_2.csv", SalesCsv({{.id = "c"}}));
  MustOnHdfs(IngestArguments());
  std::string history = MustOnHdfs({"history", "raw.files", "--format", "csv"});
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 3) << history;
  MustOnHdfs({"verify", "--checksum", "--quiet"});
  std::string doctor = OnHdfs({"doctor"}).out;
  EXPECT_NE(doctor.find("HDFS answers"), std::string::npos) << doctor;
}

TEST_F(HdfsLakeTest, WhatIsNotDoneThereIsRefusedAndSaysWhatToDo) {
  for (const char* command : {"process", "run", "replay"}) {
    auto refused = OnHdfs({command});
    EXPECT_EQ(refused.exit_code, 2) << command;
    EXPECT_NE(refused.err.find("qlake copy --from"), std::string::npos) << refused.err;
  }
  EXPECT_TRUE(Storage()->ListFolders("").empty());
  auto absent = OnHdfs({"history", "raw.files"});
  EXPECT_EQ(absent.exit_code, 2) << absent.err;
}

TEST_F(HdfsLakeTest, ALakeMovesThereAndBackWithHistoryAndProgress) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}, {.id = "b", .units = "0"}}));
  MustRun({"run"});
  Drop("2023-05-20T15", "sales_transactions_2.csv", SalesCsv({{.id = "a"}, {.id = "c"}}));
  MustRun({"run"});
  std::string content = Content();
  std::string history = MustRun({"history", "sales_transactions_fact", "--format", "csv"});

  ASSERT_EQ(Copy(lake(), hdfs()).exit_code, 0);
  EXPECT_EQ(MustOnHdfs({"history", "sales_transactions_fact", "--format", "csv"}), history);
  MustOnHdfs({"verify", "--checksum", "--quiet"});
  // What goes on there comes home, too.
  Drop("2023-05-20T16", "sales_transactions_3.csv", SalesCsv({{.id = "d"}}));
  MustOnHdfs(IngestArguments());
  auto again = Qlake({"copy", "--from", hdfs(), "--to", lake(), "--json", "--quiet"}, With(), folder());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  auto report = base::Json::parse(again.out);
  EXPECT_LT(report["copied"].get<int>(), report["files"].get<int>() / 2) << "what is there already is not copied";
  EXPECT_EQ(Content(), content) << "what was taken in waits for process";
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT string_agg(transaction_id, '' ORDER BY transaction_id) FROM sales_transactions_fact"), "acd\n");
  EXPECT_EQ(UnclosedLedger(), "");
  MustRun({"verify", "--checksum"});

  // By now both have gone their own ways.
  Drop("2023-05-20T17", "sales_transactions_4.csv", SalesCsv({{.id = "e"}}));
  MustOnHdfs(IngestArguments());
  auto refused = Copy(hdfs(), lake());
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_NE(refused.err.find("is no copy of"), std::string::npos) << refused.err;
}

TEST_F(HdfsLakeTest, ACopyCutShortAnywhereGoesOnAndIsWrittenByNobodyBefore) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}, {.id = "b"}}));
  MustRun({"run"});
  for (const char* label : {"copy.after_mark", "copy.after_files", "copy.before_log_file", "copy.before_end"}) {
    auto killed = Qlake({"copy", "--from", lake(), "--to", hdfs(), "--quiet", "--hdfs-lease", "1s"},
                        With({{"QLAKE_CRASH_AT", std::string(label) + ":1"}}), folder());
    EXPECT_EQ(killed.exit_code, kKilled) << label << killed.err;
    auto refused = OnHdfs({"ingest", "--landing", landing(), "--quiet", "--hdfs-lease", "1s"});
    EXPECT_EQ(refused.exit_code, 2) << label << refused.err;
    EXPECT_NE(refused.err.find("qlake copy --from " + lake()), std::string::npos) << refused.err;
  }
  ASSERT_EQ(Copy(lake(), hdfs()).exit_code, 0);
  auto storage = Storage();
  EXPECT_TRUE(storage->List("_qlake/copy").empty());
  MustOnHdfs({"verify", "--checksum", "--quiet"});
}

TEST_F(HdfsLakeTest, CopiesKilledAtRandomEndInTheSameLake) {
  std::mt19937 random(Seed());
  for (int hour = 10; hour < 13; ++hour) {
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv",
         SalesCsv({{.id = "a" + std::to_string(hour)}, {.id = "b" + std::to_string(hour)}}));
    MustRun({"run"});
  }
  std::string content = Content();
  auto there = CopyAgainstKills(lake(), hdfs(), random);
  ASSERT_EQ(there.exit_code, 0) << there.err;
  std::filesystem::remove_all(lake());
  auto back = CopyAgainstKills(hdfs(), lake(), random);
  ASSERT_EQ(back.exit_code, 0) << back.err;
  EXPECT_EQ(Content(), content);
  MustRun({"verify", "--checksum"});
}

TEST_F(HdfsLakeTest, EventsComeOnceHoweverOftenTheStreamIsKilled) {
  std::mt19937 random(Seed());
  constexpr int kEvents = 6'000;
  WriteEvents(0, kEvents);
  auto arguments = StreamArguments();
  arguments.insert(arguments.end(), {"--lake", hdfs(), "--hdfs-lease", "1s", "--lease-wait", "20s"});
  int kills = 0;
  for (int limit_ms = 500;; limit_ms += limit_ms / 3) {
    auto delay = std::chrono::milliseconds(std::uniform_int_distribution<int>(100, limit_ms)(random));
    auto result = RunAndKill(arguments, With(), folder(), delay);
    if (result.exit_code == kKilled) {
      ++kills;
      continue;
    }
    ASSERT_EQ(result.exit_code, 0) << result.err;
    break;
  }
  std::printf("killed %d times\n", kills);
  BringHome();
  EXPECT_EQ(Sql(kNumbers), "6000,6000,0,5999\n");
  EXPECT_EQ(UnclosedLedger(), "");
}

// Killed at every label, and streamed into meanwhile: no event goes or comes twice.
TEST_F(HdfsLakeTest, CompactionsBesideAStreamKeepTheEventsAndVacuumTakesWhatTheyReplaced) {
  WriteEvents(0, 3'000);
  auto stream = StreamArguments();
  stream.insert(stream.end(), {"--lake", hdfs(), "--lease-wait", "30s"});
  auto first = Qlake(stream, With(), folder());
  ASSERT_EQ(first.exit_code, 0) << first.err;
  std::vector<std::string> compact = {"compact",      "app_events", "--min-files",  "2",   "--quiet", "--lake", hdfs(),
                                      "--hdfs-lease", "1s",         "--lease-wait", "30s", "--json"};
  for (const char* label :
       {"compact.before_files", "compact.after_files", "compact.before_commit", "compact.after_commit"}) {
    auto killed = Qlake(compact, With({{"QLAKE_CRASH_AT", std::string(label) + ":1"}}), folder());
    EXPECT_EQ(killed.exit_code, kKilled) << label << killed.err;
  }
  WriteEvents(3'000, 9'000);
  RunningQlake running(stream, With(), folder());
  int64_t merged = 0;
  bool has_ended = false;
  do {
    has_ended = running.HasEnded();  // The last one finds all that was streamed.
    auto compacted = Qlake(compact, With(), folder());
    ASSERT_EQ(compacted.exit_code, 0) << compacted.err;
    auto report = base::Json::parse(compacted.out);
    for (const auto& table : report["tables"]) merged += table["files_merged"].get<int64_t>();
  } while (!has_ended);
  auto streamed = running.Wait();
  ASSERT_EQ(streamed.exit_code, 0) << streamed.err;
  EXPECT_GT(merged, 0);
  MustOnHdfs({"verify", "--quiet"});

  Storage()->Write("events/app_events/_delta_log/.qlake-put-1-2-3", "what a crash left");
  std::vector<std::string> vacuum = {"vacuum", "--retain",     "0s", "--quiet",      "--lake",
                                     hdfs(),   "--hdfs-lease", "1s", "--lease-wait", "30s"};
  // The files are of today, whatever the clock of the lake says.
  Environment later = {{"QLAKE_NOW", "2099-01-01T00:00:00Z"}};
  Environment later_killed = later;
  later_killed["QLAKE_CRASH_AT"] = "vacuum.before_remove:2";
  auto killed = Qlake(vacuum, With(later_killed), folder());
  EXPECT_EQ(killed.exit_code, kKilled) << killed.err;
  auto vacuumed = Qlake(vacuum, With(later), folder());
  ASSERT_EQ(vacuumed.exit_code, 0) << vacuumed.err;
  EXPECT_TRUE(storage::ListUnfinished(*Storage(), "").empty());
  BringHome();
  EXPECT_EQ(Sql(kNumbers), "9000,9000,0,8999\n");
}

// Waits until somebody holds the lease.
void AwaitLease(const storage::Storage& storage) {
  for (int i = 0; i < 600; ++i) {
    auto files = storage.List("_qlake/lease");
    if (!files.empty() &&
        storage.ReadIfPresent(files.back().path).value_or("").find("\"held\":true") != std::string::npos)
      return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "nobody took the lease";
}

TEST_F(HdfsLakeTest, AHolderThatWasStoppedForLongerThanItsLeaseIsRefusedWhenItWakes) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}}));
  auto storage = Storage();
  auto arguments = IngestArguments();
  arguments.insert(arguments.end(), {"--lake", hdfs(), "--hdfs-lease", "1s", "--lease-wait", "30s"});
  RunningQlake stopped(arguments, With(), folder());
  AwaitLease(*storage);
  stopped.Signal(SIGSTOP);
  auto next = Qlake(arguments, With(), folder());
  EXPECT_EQ(next.exit_code, 0) << next.err;
  stopped.Signal(SIGCONT);
  auto woken = stopped.Wait();
  // It was stopped so early, perhaps, that it finds nothing left to take in.
  if (woken.exit_code != 0 || woken.out.find("nothing to do") == std::string::npos) {
    EXPECT_EQ(woken.exit_code, 1) << woken.out << woken.err;
    EXPECT_NE(woken.err.find("run the command again"), std::string::npos) << woken.err;
  }
  BringHome();
  EXPECT_EQ(Sql("SELECT count(*), max(seq) FROM raw.files"), "1,1\n");
}

TEST_F(HdfsLakeTest, TheLeaseOfAKilledHolderIsWaitedOut) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}}));
  auto storage = Storage();
  auto arguments = IngestArguments();
  arguments.insert(arguments.end(), {"--lake", hdfs(), "--hdfs-lease", "2s"});
  {
    RunningQlake killed(arguments, With(), folder());
    AwaitLease(*storage);
    killed.Signal(SIGKILL);
    killed.Wait();
  }
  auto too_early =
      Qlake({"ingest", "--landing", landing(), "--lake", hdfs(), "--lease-wait", "0s", "--quiet"}, With(), folder());
  EXPECT_EQ(too_early.exit_code, 1) << too_early.out;
  EXPECT_NE(too_early.err.find("is being written by another qlake (host "), std::string::npos) << too_early.err;
  auto next = Qlake(arguments, With(), folder());
  EXPECT_EQ(next.exit_code, 0) << next.err;
}

// Does `harm` while the command runs; then it either came through or said clearly that HDFS failed it.
template <typename Harm>
void RunThrough(const std::vector<std::string>& arguments, const Environment& environment, const std::string& folder,
                Harm harm) {
  RunningQlake running(arguments, environment, folder);
  std::this_thread::sleep_for(400ms);
  harm();
  auto result = running.Wait();
  if (result.exit_code == 0) return;
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(result.err.find("HDFS") != std::string::npos || result.err.find("hdfs://") != std::string::npos)
      << result.err;
  auto again = Qlake(arguments, environment, folder);
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(HdfsLakeTest, ServersThatAreKilledInTheMiddleLoseAndDoubleNothing) {
  HdfsCluster cluster;
  Use(cluster);
  for (int hour = 10; hour < 20; ++hour) {
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv", SalesCsv({{.id = std::to_string(hour)}}));
  }
  WriteEvents(0, 4'000);
  auto stream = StreamArguments();
  stream.insert(stream.end(), {"--lake", hdfs(), "--lease-wait", "30s"});
  RunThrough(stream, With(), folder(), [&] { cluster.Kill("datanode1"); });
  auto ingest = IngestArguments();
  ingest.insert(ingest.end(), {"--lake", hdfs(), "--lease-wait", "30s"});
  RunThrough(ingest, With(), folder(), [&] {
    cluster.Kill("namenode");
    cluster.Restart("namenode");
  });
  cluster.Restart("datanode1");
  std::vector<std::string> copy = {"copy", "--from", hdfs(), "--to", hdfs() + "-2", "--quiet", "--lease-wait", "30s"};
  // What was written while the other one was dead lies on this one alone: it has to come back.
  RunThrough(copy, With(), folder(), [&] {
    cluster.Kill("datanode2");
    cluster.Restart("datanode2");
  });

  // Without a NameNode at all it says so.
  cluster.Kill("namenode");
  auto failed = OnHdfs({"history", "raw.files", "--hdfs-retry-for", "1s"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("HDFS does not"), std::string::npos) << failed.err;
  cluster.Restart("namenode");

  // It moves to another cluster, and home from there.
  const HdfsCluster& other = HdfsCluster::Shared();
  std::string moved_to = other.NewFolder() + "/lake";
  auto moved = Qlake({"copy", "--from", hdfs() + "-2", "--to", moved_to, "--to-webhdfs", other.webhdfs(), "--quiet"},
                     With(), folder());
  ASSERT_EQ(moved.exit_code, 0) << moved.err;
  Use(other);
  auto home = Copy(moved_to, lake());
  ASSERT_EQ(home.exit_code, 0) << home.err;
  EXPECT_EQ(Sql(kNumbers), "4000,4000,0,3999\n");
  EXPECT_EQ(Sql("SELECT count(*), count(DISTINCT seq), max(seq) FROM raw.files"), "10,10,10\n");
}

}  // namespace
}  // namespace qlake::testing
