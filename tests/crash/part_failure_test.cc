// A source or a mart that fails: the others go on, it waits alone, and when it is mended the lake is that of a run in
// which nothing failed. docs/decisions/0015-what-fails-waits-alone.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kKilled = 128 + 9;

class PartFailureTest : public LakeTest {
 public:
  PartFailureTest() : project_(folder() + "/project") { EXPECT_EQ(Qlake({"init", project_}).exit_code, 0); }
  void TestBody() override {}

  void DropFirstHour() const {
    Drop("2023-05-20T10", "branches_1.csv", "branch_id,location,establish_date,class\n1,Oslo,2020-1-1,A\n");
    Drop("2023-05-20T10", "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe,2020-1-1\n");
    Drop(
        "2023-05-20T10", "sales_transactions_1.csv",
        SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .date = "2023-5-19", .units = "0"}, {.id = "trx-4", .agent = "7"}}));
  }
  void DropSecondHour() const {
    Drop("2023-05-20T11", "branches_1.csv", "branch_id,location,establish_date,class\n1,Rome,2020-1-1,A\n");
    Drop("2023-05-20T11", "sales_agents_1.csv", "sales_person_id,name,hire_date\n7,Kim,2020-1-1\n");
    Drop("2023-05-20T11", "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-1", .units = "9"}, {.id = "trx-5", .first_name = "Bea", .address = "1 A/Oslo/OS/01"}}));
    // A correction of the first hour, so that the source is derived anew.
    Drop("2023-05-20T10", "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-1", .units = "4"}, {.id = "trx-4", .agent = "7"}}));
  }

  std::string Outcome() const { return Content() + ReadFile(dump() + "/b2b_sales_2023-05-19.csv") + UnclosedLedger(); }
  static std::string Expected(bool with_second_hour = true) {
    PartFailureTest undisturbed;
    undisturbed.DropFirstHour();
    undisturbed.MustRun({"run"});
    if (with_second_hour) {
      undisturbed.DropSecondHour();
      undisturbed.MustRun({"run"});
    }
    return undisturbed.Outcome();
  }

  // Puts a mistake into a file of the project: `right` stands there once at least.
  void Break(const std::string& file, const std::string& right, const std::string& wrong) {
    std::string text = ReadFile(project_ + file);
    ASSERT_NE(text.find(right), std::string::npos) << file;
    mended_[file] = text;
    text.replace(text.find(right), right.size(), wrong);
    std::ofstream(project_ + file) << text;
  }
  void Mend() {
    for (const auto& [file, text] : mended_) std::ofstream(project_ + file) << text;
    mended_.clear();
  }
  void BreakMart() { Break("/models/marts/product_sales_daily.sql", "_sign * units", "_sign * unist"); }
  void BreakContract() {
    Break("/sources/sales_transactions.toml", "[[check]]",
          "[[check]]\nname = \"never\"\nsql = \"units > 1000\"\non_violation = \"fail\"\n\n[[check]]");
  }

  ProcessResult RunOnce(const Environment& environment = {}) const {
    return Run({"run", "--project", project_}, environment);
  }
  base::Json LastRun() const {
    auto runs = base::Json::parse(MustRun({"runs", "--limit", "1", "--format", "json"}));
    return runs.at(0);
  }

 protected:
  std::string project_;
  std::map<std::string, std::string> mended_;
};

TEST_F(PartFailureTest, AMartThatFailsStaysAsItWasAndComesLaterWhole) {
  DropFirstHour();
  ASSERT_EQ(RunOnce().exit_code, 0);
  std::string before = MustRun({"report", "top-products", "--format", "csv"});
  DropSecondHour();
  BreakMart();
  auto failed = RunOnce();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("marts.product_sales_daily"), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("unist"), std::string::npos) << failed.err;
  EXPECT_EQ(MustRun({"report", "top-products", "--format", "csv"}), before);
  EXPECT_EQ(Sql("SELECT sum(sales_count) FROM marts.sales_daily"), "3\n") << "other marts go on";
  EXPECT_EQ(Sql("SELECT count(*) FROM branch_dim WHERE location = 'Rome'"), "1\n");
  EXPECT_EQ(LastRun().at("state"), "failed");
  std::string status = MustRun({"status", "--project", project_});
  EXPECT_NE(status.find("failed   run"), std::string::npos) << status;
  EXPECT_NE(status.find("marts.product_sales_daily to be brought up to date: qlake process"), std::string::npos);
  // Without new files it is tried again, fails again, and comes when it is mended.
  EXPECT_EQ(RunOnce().exit_code, 1);
  Mend();
  ASSERT_EQ(RunOnce().exit_code, 0);
  EXPECT_EQ(Outcome(), Expected());
  EXPECT_EQ(MustRun({"process"}), "nothing to do\n");
  EXPECT_NE(MustRun({"status"}).find("failed   nothing"), std::string::npos);
  MustRun({"verify", "--checksum"});
}

TEST_F(PartFailureTest, NoDumpIsMadeOfAMartThatIsBehind) {
  DropFirstHour();
  Break("/models/marts/agent_product_sales_daily.sql", "_sign * units", "_sign * unist");
  auto failed = RunOnce();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_FALSE(fs::exists(dump() + "/b2b_sales_2023-05-19.csv"));
  EXPECT_NE(failed.err.find("dumps are made of it"), std::string::npos) << failed.err;
  EXPECT_EQ(Run({"dump", "--date", "2023-05-19"}).exit_code, 1);
  EXPECT_EQ(Sql("SELECT sum(sales_count) FROM marts.product_sales_daily"), "2\n");
  Mend();
  ASSERT_EQ(RunOnce().exit_code, 0);
  EXPECT_EQ(Outcome(), Expected(false));
}

TEST_F(PartFailureTest, ASourceThatFailsWaitsAloneAndCatchesUp) {
  DropFirstHour();
  BreakContract();
  auto failed = RunOnce();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("sales_transactions: "), std::string::npos) << failed.err;
  EXPECT_EQ(Sql("SELECT branch_id, location FROM branch_dim"), "1,Oslo\n");
  // The next hour: the others go on again, and what waits is more.
  DropSecondHour();
  EXPECT_EQ(RunOnce().exit_code, 1);
  EXPECT_EQ(Sql("SELECT location FROM branch_dim WHERE is_current"), "Rome\n");
  EXPECT_EQ(UnclosedLedger(), "");
  auto status = base::Json::parse(MustRun({"status", "--json"}));
  EXPECT_EQ(status.at("files_waiting"), 2);
  EXPECT_NE(status.at("failures").dump().find("sales_transactions"), std::string::npos);
  // Alone it fails as before: the project is wrong.
  EXPECT_EQ(RunOnce().exit_code, 2);
  Mend();
  ASSERT_EQ(RunOnce().exit_code, 0);
  EXPECT_EQ(Outcome(), Expected());
  MustRun({"verify", "--checksum"});
  MustRun({"restore", "--to", base::Json::parse(MustRun({"status", "--json"})).at("published_at").get<std::string>()});
  MustRun({"process"});
  EXPECT_EQ(Outcome(), Expected());
}

TEST_F(PartFailureTest, ADimensionThatFailsHoldsItsSourceBackAlone) {
  DropFirstHour();
  Break("/models/warehouse/sales_agent_dim.sql", "  hire_date,", "  hier_date,");
  EXPECT_EQ(RunOnce().exit_code, 1);
  EXPECT_EQ(Sql("SELECT count(*) FROM branch_dim"), "1\n");
  Mend();
  ASSERT_EQ(RunOnce().exit_code, 0);
  EXPECT_EQ(Outcome(), Expected(false));
}

// Tables are built side by side, so that any of these may be the first to fail.
TEST_F(PartFailureTest, SeveralThatFailAtOnceComeToOneOutcome) {
  std::set<std::string> told;
  for (int round = 0; round < 4; ++round) {
    PartFailureTest failing;
    failing.DropFirstHour();
    failing.Break("/models/warehouse/branch_dim.sql", "  location,", "  locaiton,");
    failing.Break("/models/warehouse/sales_agent_dim.sql", "  hire_date,", "  hier_date,");
    failing.BreakMart();
    auto failed = failing.RunOnce();
    EXPECT_NE(failed.exit_code, 0);
    told.insert(std::to_string(failed.exit_code) + failing.LastRun().at("message").dump() +
                failing.Sql("SELECT seq, source, name FROM raw.files ORDER BY seq"));
    failing.Mend();
    ASSERT_EQ(failing.RunOnce().exit_code, 0);
    EXPECT_EQ(failing.Outcome(), Expected(false));
  }
  EXPECT_EQ(told.size(), 1U) << *told.begin() << *told.rbegin();
}

TEST_F(PartFailureTest, ReceivedBytesThatAreGoneHoldUpNoOtherSource) {
  DropFirstHour();
  MustRun({"ingest"});
  std::vector<fs::path> bytes;
  for (const auto& file : fs::recursive_directory_iterator(lake() + "/raw/bytes/sales_transactions")) {
    if (file.is_regular_file()) bytes.push_back(file.path());
  }
  ASSERT_EQ(bytes.size(), 1u);
  fs::rename(bytes[0], folder() + "/kept");
  EXPECT_EQ(RunOnce().exit_code, 1);
  EXPECT_EQ(Sql("SELECT count(*) FROM branch_dim"), "1\n");
  fs::rename(folder() + "/kept", bytes[0]);
  ASSERT_EQ(RunOnce().exit_code, 0);
  EXPECT_EQ(Outcome(), Expected(false));
}

TEST_F(PartFailureTest, AMartOfEventsThatFailsHoldsUpNoOther) {
  Qlake({"simulate", "events", "--out", folder() + "/events.jsonl", "--count", "6000", "--seed", "7"});
  Break("/events/marts/event_sales_hourly.sql", "_sign", "_sing");
  MustRun({"stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--refresh-every", "1h"});
  fs::remove_all(lake() + "/marts");
  auto failed = Run({"process", "--project", project_});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("marts.event_sales_hourly"), std::string::npos) << failed.err;
  EXPECT_NE(Sql("SELECT count(*) FROM marts.events_10_minutes"), "0\n");
  EXPECT_NE(Sql("SELECT count(*) FROM marts.event_type_windows"), "0\n");
  Mend();
  EXPECT_EQ(Run({"process", "--project", project_}).exit_code, 0);
  EXPECT_NE(Sql("SELECT count(*) FROM marts.event_sales_hourly"), "0\n");
}

class PartFailureKillTest : public PartFailureTest, public ::testing::WithParamInterface<const char*> {};

// Killed in the middle of a batch of which a part fails, run again as it is, and then mended.
TEST_P(PartFailureKillTest, AKillInAPartlyFailingRunChangesNothing) {
  static const std::string expected = Expected();
  int kills = 0;
  for (int pass = 1; pass < 100; pass += 6) {
    PartFailureTest disturbed;
    Environment crash = {{"QLAKE_CRASH_AT", std::string(GetParam()) + ":" + std::to_string(pass)}};
    disturbed.DropFirstHour();
    disturbed.BreakContract();
    bool is_killed = disturbed.RunOnce(crash).exit_code == kKilled;
    disturbed.Mend();
    disturbed.BreakMart();
    disturbed.DropSecondHour();
    is_killed |= disturbed.RunOnce(crash).exit_code == kKilled;
    disturbed.RunOnce();
    disturbed.Mend();
    is_killed |= disturbed.RunOnce(crash).exit_code == kKilled;
    ASSERT_EQ(disturbed.RunOnce().exit_code, 0);
    ASSERT_EQ(disturbed.Outcome(), expected) << GetParam() << " pass " << pass;
    kills += is_killed ? 1 : 0;
    if (!is_killed) break;
  }
  EXPECT_GT(kills, 0) << "nothing passes " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(EveryLabel, PartFailureKillTest,
                         ::testing::Values("process.before_intent", "process.before_put_back", "process.after_put_back",
                                           "process.after_intent", "process.table_computed", "process.before_ledger",
                                           "process.after_ledger", "process.left_out_mart", "process.before_publish"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace qlake::testing
