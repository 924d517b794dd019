// The whole job on Spark over an actual HDFS: the same tables as on a disk by DuckDB, whatever is killed in the middle.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "support/foreign_engines.h"
#include "support/hdfs_cluster.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

constexpr int kKilled = 128 + SIGKILL;

// The same drops for a lake on HDFS, which Spark computes, and for lake(), which DuckDB does.
class SparkLakeTest : public LakeTest {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
    webhdfs_ = Cluster().webhdfs();
    connect_ = Cluster().connect();
    hdfs_ = Cluster().NewFolder() + "/lake";
  }

  // One for all tests: what servers have learned of their own code is most of what the first job waits for.
  static HdfsCluster& Cluster() {
    static HdfsCluster cluster(std::vector<std::string>{"hdfs", "spark"});
    return cluster;
  }
  const std::string& hdfs() const { return hdfs_; }

  Arguments OnSpark(Arguments command) const {
    command.insert(command.end(), {"--engine", "spark", "--spark-connect", connect_});
    return OnHdfs(command);
  }
  Arguments OnHdfs(Arguments command) const {
    command.insert(command.end(), {"--lake", hdfs_, "--hdfs-lease", "2s"});
    return command;
  }
  Environment With(Environment more = {}) const {
    more.insert({"QLAKE_HDFS_WEBHDFS", webhdfs_});
    return more;
  }
  ProcessResult Do(const Arguments& command, const Environment& more = {}) const {
    return Qlake(command, With(more), folder());
  }
  std::string Must(const Arguments& command) const {
    auto result = Do(command);
    EXPECT_EQ(result.exit_code, 0) << command.front() << ": " << result.err;
    return result.out;
  }
  // As JSON: it would print every report otherwise.
  Arguments RunThere() const {
    return OnSpark({"run", "--quiet", "--json", "--landing", landing(), "--dump-dir", folder() + "/dump-of-spark",
                    "--lease-wait", "10m"});
  }

  void DropHour(int hour) const {
    std::string drop = "2023-05-20T0" + std::to_string(hour);
    std::string id = std::to_string(hour);
    Drop(drop, "sales_transactions_1.csv",
         SalesCsv({{.id = "a" + id, .offer = id},
                   {.id = "bad" + id, .units = "x"},
                   {.id = "twice", .customer = "8500" + id, .last_name = "Lee" + id},
                   {.id = "before" + id, .date = "2023-5-19"},  // Of a day that is over: it is dumped.
                   {.id = "o" + id, .date = "2023-5-19", .address = id + " A St/Oslo/OS/00123"}}));
    Drop(drop, "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe" + id + ",2020-1-1\n");
  }

  // What the lake on HDFS says, brought to a disk.
  std::string ContentThere() const {
    // A workplace of its own has the lake that Content() asks.
    class Home : public LakeTest {
     public:
      void TestBody() override {}
    } home;
    auto copied = Do({"copy", "--from", hdfs_, "--to", home.lake(), "--quiet", "--lease-wait", "10m"});
    EXPECT_EQ(copied.exit_code, 0) << copied.err;
    EXPECT_EQ(home.UnclosedLedger(), "");
    return home.Content();
  }

 private:
  std::string webhdfs_;
  std::string connect_;
  std::string hdfs_;
};

TEST_F(SparkLakeTest, TheJobKilledAtItsStepsHasTheTablesReportsAndDumpsOfTheDisk) {
  DropHour(1);
  for (const char* label : {"spark.before_move:2", "process.before_ledger:1", "dump.before_csv:1"}) {
    auto killed = Do(RunThere(), {{"QLAKE_CRASH_AT", label}});
    EXPECT_EQ(killed.exit_code, kKilled) << label << killed.err;
  }
  Must(RunThere());
  MustRun({"run", "--quiet"});
  DropHour(2);
  // A correction of the first hour.
  Drop("2023-05-20T01", "sales_transactions_1.csv", SalesCsv({{.id = "a1", .units = "7"}, {.id = "twice"}}));
  Must(RunThere());
  MustRun({"run", "--quiet"});
  EXPECT_EQ(ContentThere(), Content());
  Arguments report = {"report", "revenue-by-day", "--format", "csv"};
  EXPECT_EQ(Must(OnSpark(report)), MustRun(report));
  Arguments quarantine = {"quarantine", "--format", "csv"};
  EXPECT_EQ(Must(OnSpark(quarantine)), MustRun(quarantine));
  EXPECT_EQ(Must(OnHdfs(quarantine)), MustRun(quarantine));
  std::string dumped = ReadFile(dump() + "/b2b_sales_2023-05-19.csv");
  EXPECT_NE(dumped, "");
  EXPECT_EQ(ReadFile(folder() + "/dump-of-spark/b2b_sales_2023-05-19.csv"), dumped);
}

// Spark appends while DuckDB compacts, and the other way: on HDFS both may be at a lake at a time. A run and a
// compaction take turns by the lease, a stream asks for none.
TEST_F(SparkLakeTest, AppendsOfOneEngineBesideCompactionsOfTheOtherLoseAndDoubleNothing) {
  Arguments compact = {"compact", "--min-files", "2", "--open", "--quiet", "--json", "--lease-wait", "10m"};
  int64_t merged = 0;
  auto beside = [&](const Arguments& append, const Arguments& compaction) {
    RunningQlake running(append, With(), folder());
    do {
      auto compacted = Do(compaction);
      EXPECT_EQ(compacted.exit_code, 0) << compacted.err;
      if (compacted.exit_code != 0) break;
      auto report = base::Json::parse(compacted.out);
      for (const auto& table : report["tables"]) merged += table["files_merged"].get<int64_t>();
    } while (!running.HasEnded());
    auto ended = running.Wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  };
  DropHour(1);
  Must(RunThere());
  DropHour(2);
  beside(RunThere(), OnHdfs(compact));
  std::string events = folder() + "/events.jsonl";
  ASSERT_EQ(Qlake({"simulate", "events", "--out", events, "--count", "2000", "--seed", "7"}).exit_code, 0);
  beside(OnHdfs({"stream", "--from-file", events, "--until-idle", "--batch-messages", "200", "--batch-age", "100ms",
                 "--quiet", "--lease-wait", "10m"}),
         OnSpark(compact));
  EXPECT_GT(merged, 0);
  MustRun({"run", "--quiet"});
  MustRun({"stream", "--from-file", events, "--until-idle", "--quiet"});
  EXPECT_EQ(ContentThere(), Content());
  EXPECT_EQ(Must(OnSpark({"sql", "SELECT count(*), count(DISTINCT _offset) FROM app_events", "--format", "csv"}))
                    .find("2000,2000") != std::string::npos,
            true);
}

TEST_F(SparkLakeTest, AWorkerADataNodeOrTheConnectServerKilledInTheMiddleLoseAndDoubleNothing) {
  struct Blow {
    std::string server;
    std::string stage;  // During which, or soon after, it dies.
  };
  int hour = 0;
  for (const std::vector<Blow>& blows : {std::vector<Blow>{{"worker1", "staging"}, {"datanode1", "building"}},
                                         std::vector<Blow>{{"connect", "writing"}}}) {
    DropHour(++hour);
    auto arguments = RunThere();
    arguments.erase(std::ranges::find(arguments, "--quiet"));
    RunningQlake running(arguments, With(), folder());
    for (const auto& blow : blows) {
      while (running.ErrorsSoFar().find(blow.stage) == std::string::npos && !running.HasEnded()) {
        std::this_thread::sleep_for(50ms);
      }
      Cluster().Kill(blow.server);
    }
    auto ended = running.Wait();
    for (const auto& blow : blows) Cluster().Restart(blow.server);
    if (ended.exit_code != 0) {
      EXPECT_EQ(ended.exit_code, 1) << blows.front().server << ended.err;
      Must(RunThere());
    }
    MustRun({"run", "--quiet"});
  }
  EXPECT_EQ(ContentThere(), Content());
}

}  // namespace
}  // namespace qlake::testing
