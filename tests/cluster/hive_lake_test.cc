// What an actual HiveServer2 reads of a lake that `qlake repair` has registered in an actual metastore, asked through
// clients that no one here wrote (PyHive, by hive_client.py; beeline).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/test_seed.h"
#include "support/hdfs_cluster.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;
using base::Json;

constexpr int kKilled = 128 + 9;

class HiveLakeTest : public LakeTest {
 public:
  HiveLakeTest() : cluster_(HdfsCluster::SharedWithHive()) {
    static int count = 0;
    database_ = "t" + std::to_string(getpid()) + "_" + std::to_string(++count);
  }

 protected:
  std::vector<std::string> RepairArguments(const std::string& lake) const {
    return {"repair",
            "--lake",
            lake,
            "--metastore",
            cluster_.metastore(),
            "--hive-database",
            database_,
            "--hive-spark-database",
            database_ + "_delta",
            "--quiet"};
  }
  ProcessResult Repair(const Environment& environment = {}, const std::string& lake_address = "") const {
    Environment all = {{"QLAKE_HDFS_WEBHDFS", cluster_.webhdfs()}};
    all.insert(environment.begin(), environment.end());
    return Qlake(RepairArguments(lake_address.empty() ? lake() : lake_address), all, folder());
  }
  std::string MustRepair(const std::string& lake_address = "") const {
    auto result = Repair({}, lake_address);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  std::vector<std::string> ClientCommand(std::vector<std::string> arguments) const {
    std::vector<std::string> command = {QLAKE_REPOSITORY "/.deps/hive-client/bin/python",
                                        QLAKE_REPOSITORY "/tests/cluster/hive_client.py", cluster_.hiveserver()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  Json Hive(const std::string& sql) const {
    auto result = RunProgram(ClientCommand({"query", sql}));
    EXPECT_EQ(result.exit_code, 0) << sql << "\n" << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  std::string CountSales() const { return Hive("SELECT count(*) FROM " + Fact()).dump(); }
  std::string Fact() const { return database_ + ".sales_transactions_fact"; }
  // Empty: the table has none of that key.
  std::string Property(const std::string& table, const std::string& key) const {
    auto rows = Hive("SHOW TBLPROPERTIES " + database_ + "." + table + "('" + key + "')");
    return rows[0].back().is_null() ? "" : rows[0].back().get<std::string>();
  }

  // What Hive reads differently from qlake, of all tables for readers; empty: nothing.
  std::string Differences() const {
    std::vector<std::string> arguments = {"compare", QLAKE_BINARY, lake(), database_};
    for (const char* layer : {"warehouse", "marts", "events"}) {
      std::filesystem::path path = lake() + "/" + layer;
      if (!std::filesystem::exists(path)) continue;
      for (const auto& table : std::filesystem::directory_iterator(path)) {
        arguments.push_back(std::string(layer) + "." + table.path().filename().string());
      }
    }
    auto result = RunProgram(ClientCommand(arguments));
    return result.exit_code == 0 ? result.out : result.out + result.err;
  }

  void SimulateDrop(int hour) const {
    auto result = Qlake({"simulate", "drops", "--out", landing(), "--hours", "1", "--rows", "60", "--seed",
                         std::to_string(hour), "--start", "2023-12-28T1" + std::to_string(hour), "--dirty", "0.02"},
                        {}, folder());
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  void StreamEvents(int first) const {
    std::string file = folder() + "/events.jsonl";
    auto produced =
        Qlake({"produce", "--to-file", file, "--rate", "0", "--count", "300", "--first", std::to_string(first),
               "--seed", "7", "--start", "2023-12-28T10:00:00", "--bad", "0.02", "--quiet"},
              {}, folder());
    ASSERT_EQ(produced.exit_code, 0) << produced.err;
    MustRun({"stream", "--from-file", file, "--until-idle", "--quiet"});
  }
  // A drop of these sales, processed.
  void Sell(const std::string& drop, const std::vector<Sale>& sales) const {
    Drop(drop, "sales_transactions_1.csv", SalesCsv(sales));
    MustRun({"run", "--quiet"});
  }

  HdfsCluster& cluster_;
  std::string database_;
};

// The beeline that Spark brings along, over Hive's JDBC driver.
TEST_F(HiveLakeTest, BeelineReadsWhatIsPublished) {
  SimulateDrop(0);
  MustRun({"run", "--quiet"});
  MustRepair();
  std::string sql = "SELECT count(*) AS sales, sum(total_paid_price) AS paid FROM sales_transactions_fact";
  std::string beeline = fmt::format(
      "exec {}/.deps/spark/venv/lib/python3*/site-packages/pyspark/bin/beeline --silent=true --outputformat=csv2 "
      "-u 'jdbc:hive2://{}/{};auth=noSasl' -e '{}'",
      QLAKE_REPOSITORY, cluster_.hiveserver(), database_, sql);
  auto answer = RunProgram({"/bin/bash", "-c", beeline}, {{"JAVA_HOME", "/usr/lib/jvm/java-17-openjdk-amd64"}});
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_NE(answer.out.find(MustRun({"sql", sql, "--format", "csv"})), std::string::npos) << answer.out;
}

TEST_F(HiveLakeTest, ReadsEveryTableAsItWasPublishedThroughEveryChange) {
  SimulateDrop(0);
  MustRun({"run", "--quiet"});
  StreamEvents(0);
  MustRepair();
  EXPECT_EQ(Differences(), "");
  std::string publication = Property("sales_transactions_fact", "qlake.publication");
  std::string before = CountSales();

  SimulateDrop(1);
  MustRun({"run", "--quiet"});
  EXPECT_EQ(CountSales(), before) << "it was not repaired yet";
  EXPECT_EQ(Property("sales_transactions_fact", "qlake.publication"), publication);
  MustRepair();
  EXPECT_NE(Property("sales_transactions_fact", "qlake.publication"), publication);
  EXPECT_EQ(Differences(), "");

  MustRun({"compact", "--quiet"});
  MustRepair();
  MustRun({"vacuum", "--retain", "0s", "--quiet"});
  EXPECT_EQ(Differences(), "");

  // Of a correction, rows go and partitions with them.
  for (const auto& file : std::filesystem::directory_iterator(landing() + "/2023-12-28T10")) {
    if (!file.path().filename().string().starts_with("sales_transactions_")) continue;
    std::string text = ReadFile(file.path());
    Drop("2023-12-28T10", file.path().filename(), text.substr(0, text.find('\n', text.size() / 3) + 1));
  }
  // A run that was asked to repairs by itself.
  auto arguments = RepairArguments(lake());
  arguments[0] = "run";
  arguments.insert(arguments.end(), {"--landing", landing(), "--repair-after-run", "true"});
  auto repaired = Qlake(arguments, {}, folder());
  EXPECT_EQ(repaired.exit_code, 0) << repaired.err;
  EXPECT_EQ(Differences(), "");
  EXPECT_EQ(std::to_string(Hive("SHOW PARTITIONS " + Fact()).size()) + "\n",
            Sql("SELECT count(DISTINCT transaction_date) FROM sales_transactions_fact"));
  EXPECT_EQ(Property("sales_transactions_fact", "qlake.moving_to"), "");
}

TEST_F(HiveLakeTest, KnowsTypesCommentsAndPartitionsAndReadsInBatches) {
  Sell("2023-05-20T14", {{.id = "a", .date = "2023-5-20"}, {.id = "b", .date = "2023-5-21"}});
  MustRepair();
  auto columns = Hive("DESCRIBE " + Fact());
  std::map<std::string, std::string> types;
  for (const auto& column : columns) types[column[0]] = column[1].is_null() ? "" : column[1].get<std::string>();
  EXPECT_EQ(types["unit_price"], "decimal(18,4)");
  EXPECT_EQ(types["units"], "int");
  EXPECT_EQ(types["data_hour"], "timestamp");
  EXPECT_EQ(types["_content_hash"], "binary");
  EXPECT_EQ(types["transaction_date"], "date");
  EXPECT_FALSE(Property("sales_transactions_fact", "comment").empty());
  EXPECT_EQ(Hive("SHOW PARTITIONS " + Fact()).dump(),
            R"([["transaction_date=2023-05-20"],["transaction_date=2023-05-21"]])");
  EXPECT_EQ(Hive("SELECT transaction_id FROM " + Fact() + " WHERE transaction_date = DATE '2023-05-21'").dump(),
            R"([["b"]])");
  std::string plan = Hive("EXPLAIN VECTORIZATION SELECT units, count(*) FROM " + Fact() + " GROUP BY units").dump();
  EXPECT_NE(plan.find("vectorized: true"), std::string::npos) << plan;
}

// As another engine may add it to a table of events, which is shown at its newest version.
TEST_F(HiveLakeTest, ReadsAColumnThatCameIntoTheMiddleOfATable) {
  StreamEvents(0);
  MustRepair();
  EXPECT_EQ(Differences(), "");
  for (const char* table : {"app_events", "app_events_dead_letter"}) {
    std::filesystem::path log = lake() + "/events/" + table + "/_delta_log";
    Json change;
    int64_t version = 0;
    for (;; ++version) {
      auto path = log / fmt::format("{:020}.json", version);
      if (!std::filesystem::exists(path)) break;
      std::istringstream lines(ReadFile(path));
      for (std::string line; std::getline(lines, line);) {
        auto action = Json::parse(line);
        if (action.contains("metaData")) change = action;
      }
    }
    auto schema = Json::parse(change["metaData"]["schemaString"].get<std::string>());
    auto& fields = schema["fields"];
    Json middle = {{"name", "middle"}, {"type", "long"}, {"nullable", true}, {"metadata", Json::object()}};
    fields.insert(fields.begin() + 1, middle);
    change["metaData"]["schemaString"] = schema.dump();
    std::ofstream(log / fmt::format("{:020}.json", version)) << change.dump() << "\n";
  }
  MustRepair();
  EXPECT_EQ(Differences(), "");
  EXPECT_EQ(
      Hive("SELECT count(*), count(middle) FROM " + database_ + ".app_events"),
      Json::array({Json::array({std::to_string(std::atoll(Sql("SELECT count(*) FROM app_events").c_str())), "0"})}));
  StreamEvents(300);
  MustRepair();
  EXPECT_EQ(Differences(), "");
}

TEST_F(HiveLakeTest, ARepairOfWhatIsShownAlreadyChangesNothing) {
  Sell("2023-05-20T14", {{.id = "a"}});
  EXPECT_NE(MustRepair().find("warehouse.sales_transactions_fact: version"), std::string::npos);
  std::string again = MustRepair();
  EXPECT_EQ(again.find("warehouse."), std::string::npos) << again;
  // What was taken away is made again.
  std::filesystem::remove_all(lake() + "/_qlake/hive");
  MustRepair();
  EXPECT_EQ(CountSales(), R"([["1"]])");
}

TEST_F(HiveLakeTest, DoctorAsksTheMetastoreThatIsSet) {
  Sell("2023-05-20T14", {{.id = "a"}});
  MustRepair();
  auto doctor = [&](const std::string& metastore) {
    return Qlake({"doctor", "--lake", lake(), "--metastore", metastore, "--hive-database", database_}, {}, folder()).out;
  };
  std::string found = doctor(cluster_.metastore());
  EXPECT_NE(found.find("tables in " + database_ + ": " + cluster_.metastore()), std::string::npos) << found;
  found = doctor("thrift://127.0.0.1:1");
  EXPECT_NE(found.find("see that the Hive Metastore runs and can be reached"), std::string::npos) << found;
}

TEST_F(HiveLakeTest, DoctorHoldsWhatHiveReadsAgainstThePublicationThatItShowsRowByRow) {
  auto compare = [&] {
    return Qlake({"doctor", "--compare", "duckdb,hive", "--json", "--quiet", "--lake", lake(), "--metastore",
                  cluster_.metastore(), "--hive-database", database_, "--hiveserver", cluster_.hiveserver(),
                  "--hiveserver-auth", "nosasl"},
                 {}, folder());
  };
  Sell("2023-05-20T14", {{.id = "a", .units = "2"}, {.id = "b"}});
  StreamEvents(0);
  EXPECT_FALSE(Json::parse(compare().out)["left_out"].empty()) << "nothing is registered yet";
  MustRepair();
  std::filesystem::path folders = lake() + "/_qlake/hive/warehouse.sales_transactions_fact";
  std::string old_folder;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folders)) {
    if (file.path().extension() == ".parquet") old_folder = file.path().parent_path();
  }
  Sell("2023-05-20T14", {{.id = "a", .units = "7"}, {.id = "b"}});
  // Hive shows the publication before, and is right.
  auto agrees = compare();
  EXPECT_EQ(agrees.exit_code, 0) << agrees.out << agrees.err;
  auto report = Json::parse(agrees.out);
  EXPECT_TRUE(report["left_out"].empty()) << report["left_out"];
  EXPECT_GE(report["compared"].size(), 15U);
  MustRepair();
  Hive("ALTER TABLE " + Fact() + " PARTITION (transaction_date='2023-05-20') SET LOCATION 'file://" + old_folder + "'");
  auto differs = compare();
  EXPECT_EQ(differs.exit_code, 1) << differs.out << differs.err;
  bool is_named = false;
  report = Json::parse(differs.out);
  EXPECT_FALSE(report["differences"].empty());
  for (const auto& difference : report["differences"]) {
    EXPECT_EQ(difference["name"], "warehouse.sales_transactions_fact");
    EXPECT_EQ(difference["key"]["transaction_id"], "a");
    is_named |= difference["column"] == "units" && difference["duckdb"] == "7" && difference["hive"] == "2";
  }
  EXPECT_TRUE(is_named) << differs.out;
}

TEST_F(HiveLakeTest, AQueryReadsOnePublicationOrTheNext) {
  std::vector<Sale> sales;
  for (int day = 1; day <= 9; ++day)
    sales.push_back({.id = "a" + std::to_string(day), .date = "2023-5-" + std::to_string(day)});
  Sell("2023-05-20T14", sales);
  MustRepair();
  std::string stop = folder() + "/stop";
  // A publication brings a sale for each of the nine days, or none.
  auto watching = std::async(std::launch::async, [&] {
    return RunProgram(ClientCommand({"watch", stop,
                                     "SELECT DISTINCT n FROM (SELECT transaction_date, count(*) AS n FROM " + Fact() +
                                         " GROUP BY transaction_date) AS days"}));
  });
  for (int hour = 5; hour <= 7; ++hour) {
    for (auto& sale : sales) sale.id += "x";
    Sell("2023-05-20T1" + std::to_string(hour), sales);
    MustRepair();
  }
  std::ofstream(stop) << "";
  auto watched = watching.get();
  ASSERT_EQ(watched.exit_code, 0) << watched.err;
  for (const auto& answer : Json::parse(watched.out)) EXPECT_EQ(answer.size(), 1U) << watched.out;
  EXPECT_EQ(CountSales(), R"([["36"]])") << Property("sales_transactions_fact", "qlake.publication") << ", in the lake "
                                         << Sql("SELECT count(*) FROM sales_transactions_fact");
}

TEST_F(HiveLakeTest, ARepairThatIsKilledAnywhereLeavesOnePublicationAndIsDoneAgain) {
  std::mt19937_64 random(base::TestSeed());
  std::string database = database_;
  Sell("2023-05-20T10", {{.id = "0", .date = "2023-5-1"}});
  int rows = 1;
  for (const char* label :
       {"repair.before_files", "repair.after_files", "repair.before_move", "repair.after_move", "repair.after_table"}) {
    auto kill_somewhere = [&] {
      return Repair({{"QLAKE_CRASH_AT", label + (":" + std::to_string(std::uniform_int_distribution(1, 11)(random)))}});
    };
    // The first time there are no tables yet.
    database_ = database + "_" + std::to_string(rows);
    auto died = kill_somewhere();
    MustRepair();
    EXPECT_EQ(CountSales(), "[[\"" + std::to_string(rows) + "\"]]") << label << died.err;
    // Then a partition grows, and one comes.
    std::string before = CountSales();
    std::string drop = "2023-05-2" + std::to_string(rows);
    Sell(drop + "T14", {{.id = "a" + drop, .date = "2023-5-1"}, {.id = "b" + drop, .date = drop}});
    rows += 2;
    std::string after = "[[\"" + std::to_string(rows) + "\"]]";
    died = kill_somewhere();
    std::string now = CountSales();
    EXPECT_TRUE(now == before || now == after) << label << ": " << now;
    MustRepair();
    EXPECT_EQ(CountSales(), after) << label << died.err;
  }
  EXPECT_EQ(Differences(), "");
}

TEST_F(HiveLakeTest, AMetastoreThatIsAwayIsNamedAndARepairInItsMiddleIsDoneAgain) {
  Sell("2023-05-20T14", {{.id = "a", .date = "2023-5-1"}, {.id = "b", .date = "2023-5-2"}});
  cluster_.Kill("metastore");
  auto refused = Repair();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("no metastore of Hive answers"), std::string::npos) << refused.err;
  cluster_.Restart("metastore");

  RunningQlake repair(RepairArguments(lake()), {}, folder());
  std::this_thread::sleep_for(600ms);
  cluster_.Kill("metastore");
  auto cut = repair.Wait();
  EXPECT_TRUE(cut.exit_code == 0 || cut.exit_code == 1) << cut.err;
  if (cut.exit_code == 1) {
    EXPECT_NE(cut.err.find("metastore"), std::string::npos) << cut.err;
  }
  cluster_.Restart("metastore");
  MustRepair();
  EXPECT_EQ(Differences(), "");

  cluster_.Kill("hiveserver");
  cluster_.Restart("hiveserver");
  EXPECT_EQ(Differences(), "");
}

TEST_F(HiveLakeTest, ATableOfAnotherLakeIsNotTakenOver) {
  Sell("2023-05-20T14", {{.id = "a"}});
  MustRepair();
  std::string other = folder() + "/other";
  auto copied = Qlake({"copy", "--from", lake(), "--to", other, "--quiet"}, {}, folder());
  ASSERT_EQ(copied.exit_code, 0) << copied.err;
  auto refused = Repair({}, other);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find(lake()), std::string::npos) << refused.err;
}

TEST_F(HiveLakeTest, ReadsALakeOnHdfs) {
  Sell("2023-05-20T14", {{.id = "a", .date = "2023-5-1"}, {.id = "b", .date = "2023-5-2"}});
  StreamEvents(0);
  std::string there = cluster_.NewFolder() + "/lake";
  Environment hdfs = {{"QLAKE_HDFS_WEBHDFS", cluster_.webhdfs()}};
  auto copied = Qlake({"copy", "--from", lake(), "--to", there, "--quiet"}, hdfs, folder());
  ASSERT_EQ(copied.exit_code, 0) << copied.err;
  MustRepair(there);
  EXPECT_EQ(Differences(), "");
  // Streams publish on their own.
  std::string file = folder() + "/events.jsonl";
  auto streamed = Qlake({"stream", "--from-file", file, "--until-idle", "--quiet", "--lake", there}, hdfs, folder());
  ASSERT_EQ(streamed.exit_code, 0) << streamed.err;
  MustRepair(there);
  EXPECT_EQ(Differences(), "");
}

}  // namespace
}  // namespace qlake::testing
