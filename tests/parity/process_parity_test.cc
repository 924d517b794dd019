// The job computed on both engines: the same tables, row for row, whoever computes which hour and whatever dies.
#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <thread>

#include "base/test_seed.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"
#include "support/spark_server.h"

namespace qlake::testing {
namespace {

using Arguments = std::vector<std::string>;

size_t Below(std::mt19937_64& random, size_t limit) { return static_cast<size_t>(random() % limit); }

std::string Pick(std::mt19937_64& random, std::initializer_list<const char*> options) {
  return *(options.begin() + Below(random, options.size()));
}

// Few ids, customers, products and dates, so that duplicates, conflicts and changed names come up; odd texts, so that
// rows break their contract.
Sale RandomSale(std::mt19937_64& random) {
  Sale sale;
  sale.id = "trx-" + std::to_string(Below(random, 50));
  sale.date = "2023-5-" + std::to_string(1 + Below(random, 5));
  sale.customer = std::to_string(85000 + Below(random, 6));
  sale.first_name = Pick(random, {"Ann",
                                  "B\xC3\xB6"
                                  "b",
                                  "O'Neil", "C\\id", " Dee "});
  sale.email = Pick(random, {"ann.lee@gmail.com;", "ann.lee@gmail.comm", "no mail", "", "x@y.zz]"});
  sale.agent = std::to_string(1 + Below(random, 4));
  sale.branch = std::to_string(1 + Below(random, 3));
  sale.product = std::to_string(1 + Below(random, 4));
  sale.product_name = Pick(random, {"Shirt", "Boots", "\xE2\x82\xAC 5 \"box\""});
  sale.offer = Pick(random, {"", "", "1", "5", "13"});
  sale.units = Pick(random, {"1", "2", "3", "0", "x", "", "99999999999",
                             "\xC2\xA0"
                             "7"});
  sale.price = Pick(random, {"10.50", "0.01", "99.99", "1.005", "-1", "12345678.90"});
  if (Below(random, 3) == 0) {
    sale.address = Pick(random, {"1 A St/Oslo/OS/00123", "2 1/2 B St/Rome/RO/99999", "nowhere", "///", "a\\b/c/d/e"});
  }
  return sale;
}

std::string RandomSales(std::mt19937_64& random) {
  std::vector<Sale> sales(5 + Below(random, 40));
  for (auto& sale : sales) sale = RandomSale(random);
  std::string text = SalesCsv(sales);
  if (Below(random, 3) == 0) text += "\"unclosed,1,2\r\n" + SaleLine(RandomSale(random));
  return text;
}

std::string RandomAgents(std::mt19937_64& random) {
  std::string text = "sales_person_id,name,hire_date\n";
  for (int id = 1; id <= 3; ++id) {
    text += std::to_string(id) + "," + Pick(random, {"Zoe", "Adam"}) + "," +
            Pick(random, {"2020-1-1", "2020-13-1", ""}) + "\n";
  }
  return text;
}

class ProcessParityTest : public LakeTest {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
  }

  static Arguments OnSpark(const std::string& address, Arguments command) {
    command.insert(command.end(), {"--engine", "spark", "--spark-connect", address});
    return command;
  }
  static Arguments OnSpark(const Arguments& command) { return OnSpark(SparkAddress(), command); }
};

// The same hours into two lakes.
class Hours {
 public:
  explicit Hours(uint64_t seed) : random_(seed) {}

  // An hour with two parts of sales, one of agents, and now and then a correction of an earlier hour's part.
  void Drop(const LakeTest& one, const LakeTest& other, bool corrects) {
    std::string drop = "2023-05-20T0" + std::to_string(++hour_);
    Put(one, other, drop, "sales_transactions_1.csv", RandomSales(random_));
    Put(one, other, drop, "sales_transactions_2.csv", RandomSales(random_));
    Put(one, other, drop, "sales_agents_1.csv", RandomAgents(random_));
    Put(one, other, drop, "branches_1.csv",
        "branch_id,location,establish_date,class\n1,\"New, York\",2001-2-3,A\n,x,,\n");
    if (corrects) Put(one, other, "2023-05-20T01", "sales_transactions_2.csv", RandomSales(random_));
  }

 private:
  static void Put(const LakeTest& one, const LakeTest& other, const std::string& drop, const std::string& name,
                  const std::string& text) {
    one.Drop(drop, name, text);
    other.Drop(drop, name, text);
  }

  std::mt19937_64 random_;
  int hour_ = 0;
};

// An account of its own for tests that need a second lake.
class SecondLake : public LakeTest {
 public:
  void TestBody() override {}
};

TEST_F(ProcessParityTest, LakesByTurnsAndOfOneEngineAreTheSame) {
  SecondLake duckdb;
  Hours hours(base::TestSeed());
  hours.Drop(*this, duckdb, false);
  // As JSON: it would print every report otherwise.
  MustRun(OnSpark({"run", "--quiet", "--json"}));
  duckdb.MustRun({"run", "--quiet"});
  ASSERT_EQ(Content(), duckdb.Content()) << "after an hour of Spark";
  hours.Drop(*this, duckdb, false);
  MustRun({"run", "--quiet"});
  duckdb.MustRun({"run", "--quiet"});
  ASSERT_EQ(Content(), duckdb.Content()) << "after an hour of DuckDB";
  hours.Drop(*this, duckdb, true);
  MustRun(OnSpark({"run", "--quiet", "--json"}));
  duckdb.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), duckdb.Content()) << "after a correction on Spark";
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_NE(MustRun(OnSpark({"process"})).find("nothing to do"), std::string::npos);
  // What either says of the rows as they were received.
  std::string raw = "SELECT * FROM raw.sales_transactions ORDER BY _file_id, _line";
  EXPECT_EQ(MustRun(OnSpark({"sql", raw, "--format", "csv", "--limit", "0"})),
            MustRun({"sql", raw, "--format", "csv", "--limit", "0"}));
  MustRun({"verify"});
}

// Killed again and again, each time at another step, and ended by the other engine.
TEST_F(ProcessParityTest, KilledAtAnyStepItEndsWithTheSameTables) {
  SecondLake duckdb;
  Hours hours(base::TestSeed());
  hours.Drop(*this, duckdb, false);
  MustRun({"ingest", "--quiet"});
  struct Step {
    std::string label;
    int pass;
  };
  for (const auto& [label, pass] :
       {Step{"process.before_intent", 1}, Step{"process.after_intent", 1}, Step{"spark.before_move", 3},
        Step{"apply.after_files", 2}, Step{"delta.after_log", 8}, Step{"process.before_ledger", 1}}) {
    auto killed = Run(OnSpark({"process", "--quiet"}), {{"QLAKE_CRASH_AT", label + ":" + std::to_string(pass)}});
    EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << label << killed.err;
  }
  MustRun({"process", "--quiet"});
  duckdb.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), duckdb.Content());
  hours.Drop(*this, duckdb, true);
  MustRun({"ingest", "--quiet"});
  auto killed = Run({"process", "--quiet"}, {{"QLAKE_CRASH_AT", "process.table_computed:2"}});
  EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
  MustRun(OnSpark({"process", "--quiet"}));
  duckdb.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), duckdb.Content());
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(ProcessParityTest, AServerThatDiesInTheMiddleLosesAndDoublesNothing) {
  SparkServer server;
  SecondLake duckdb;
  std::mt19937_64 random(base::TestSeed());
  Hours hours(random());
  hours.Drop(*this, duckdb, false);
  MustRun({"ingest", "--quiet"});
  RunningQlake running(OnSpark(server.address(), {"process", "--quiet", "--lake", lake()}), {}, folder());
  std::this_thread::sleep_for(std::chrono::milliseconds(5000 + Below(random, 15'000)));
  server.Kill();
  auto cut = running.Wait();
  if (cut.exit_code != 0) {
    EXPECT_EQ(cut.exit_code, 1) << cut.err;
    EXPECT_NE(cut.err.find(std::to_string(server.port())), std::string::npos) << cut.err;
  }
  server.Restart();
  MustRun(OnSpark(server.address(), {"process", "--quiet"}));
  duckdb.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), duckdb.Content());
}

// The sessions of a server that begins anew are gone: the next try opens another one, with all that it needs.
TEST_F(ProcessParityTest, ARunThatIsTriedAgainOpensAnotherSessionWhenTheServerHasForgottenIts) {
  SparkServer server;
  SecondLake duckdb;
  std::mt19937_64 random(base::TestSeed());
  Hours hours(random());
  hours.Drop(*this, duckdb, false);
  MustRun({"ingest", "--quiet"});
  RunningQlake running(OnSpark(server.address(), {"process", "--lake", lake(), "--retry-for", "300s"}), {}, folder());
  // Its session has begun when a stage has ended.
  while (running.ErrorsSoFar().find("staging sales_agents") == std::string::npos && !running.HasEnded()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  server.Kill();
  server.Restart();
  auto ended = running.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  duckdb.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), duckdb.Content());
  EXPECT_EQ(UnclosedLedger(), "");
}

// Small files of several batches, merged by Spark and by DuckDB in turn and killed between.
TEST_F(ProcessParityTest, ACompactionOnSparkKeepsEveryRow) {
  Hours hours(base::TestSeed());
  SecondLake untouched;
  for (int hour = 0; hour < 3; ++hour) {
    hours.Drop(*this, untouched, false);
    MustRun({"run", "--quiet"});
    untouched.MustRun({"run", "--quiet"});
  }
  Arguments compact = OnSpark({"compact", "--min-files", "2", "--quiet"});
  for (const char* label :
       {"compact.before_files", "compact.after_files", "compact.before_commit", "compact.after_commit"}) {
    auto killed = Run(compact, {{"QLAKE_CRASH_AT", std::string(label) + ":1"}});
    EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << label << killed.err;
  }
  MustRun(compact);
  EXPECT_EQ(Content(), untouched.Content());
  MustRun({"verify", "--checksum"});
  // What a batch does next, on either engine, it does on what was merged.
  hours.Drop(*this, untouched, true);
  MustRun({"run", "--quiet"});
  untouched.MustRun({"run", "--quiet"});
  EXPECT_EQ(Content(), untouched.Content());
}

}  // namespace
}  // namespace qlake::testing
