// What `qlake doctor --compare` says of a lake and a project, with an actual Spark.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "base/json.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class ComparisonTest : public LakeTest {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
  }

  // Some sales, bad, repeated and corrected ones among them, and some events.
  void MakeLake() const {
    Drop("2023-05-20T01", "sales_transactions_1.csv",
         SalesCsv({{.id = "a"},
                   {.id = "b", .units = "x"},
                   {.id = "c", .offer = "13"},
                   {.id = "d", .offer = "1", .address = "1 A St/Oslo/OS/00123"},
                   {.id = "e", .customer = "85002", .email = "bob.ray@gmail.comm", .agent = "2"}}));
    Drop("2023-05-20T01", "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe,2020-1-1\n2,Adam,2020-13-1\n");
    Drop("2023-05-20T01", "branches_1.csv",
         "branch_id,location,establish_date,class\n1,\"New, York\",2001-2-3,A\n,x,,\n");
    MustRun({"run"});
    Drop("2023-05-20T02", "sales_transactions_2.csv",
         SalesCsv({{.id = "a"}, {.id = "c", .units = "9"}, {.id = "f", .last_name = "Ray"}}));
    Drop("2023-05-20T01", "branches_1.csv", "branch_id,location,establish_date,class\n1,Oslo,2001-2-3,A\n");
    MustRun({"run"});
    std::string events = folder() + "/events.jsonl";
    EXPECT_EQ(Qlake({"simulate", "events", "--out", events, "--count", "300", "--seed", "7", "--bad", "0.02", "--start",
                     "2023-12-28T08:00:00Z", "--per-second", "1"})
                  .exit_code,
              0);
    MustRun({"stream", "--from-file", events, "--until-idle"});
  }

  ProcessResult Compare(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"doctor", "--compare", "duckdb,spark", "--json", "--quiet"};
    command.insert(command.end(), {"--spark-connect", SparkAddress(), "--lake", lake()});
    command.insert(command.end(), more.begin(), more.end());
    return Qlake(command, {}, folder());
  }

  // Every file of the lake with its time.
  std::set<std::string> Files() const {
    namespace fs = std::filesystem;
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(lake())) {
      if (!entry.is_regular_file()) continue;
      files.insert(entry.path().string() + " " + std::to_string(entry.last_write_time().time_since_epoch().count()));
    }
    return files;
  }

  // Changes a text in the project's functions on Spark.
  void ReplaceOnSpark(const std::string& project, const std::string& from, const std::string& to) const {
    std::string path = project + "/functions/spark.sql";
    std::string text = ReadFile(path);
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
};

// One function that feeds a dimension's personal column, one of a report, and one of a dimension's plain column mean
// something else on Spark: what they feed differs, all else is compared and agrees.
TEST_F(ComparisonTest, ADifferenceIsNamedByWhatDiffersAllElseAgreesAndTheLakeStaysAsItIs) {
  MakeLake();
  auto before = Files();
  std::string project = folder() + "/project";
  ASSERT_EQ(Qlake({"init", project}).exit_code, 0);
  ReplaceOnSpark(project, "RETURN CASE WHEN endswith(email_prefix(t), '.comm')",
                 "RETURN CASE WHEN endswith(email_prefix(t), '.commm')");
  ReplaceOnSpark(project, "RETURN date_format(d, 'EEEE')", "RETURN upper(date_format(d, 'EEEE'))");
  ReplaceOnSpark(project, "RETURN CASE WHEN whole <> 0 THEN CAST(", "RETURN CASE WHEN whole <> 0 THEN 1 + CAST(");
  auto compared = Compare({"--project", project});
  ASSERT_EQ(compared.exit_code, 1) << compared.out << compared.err;
  auto report = base::Json::parse(compared.out);
  EXPECT_TRUE(report["left_out"].empty()) << report["left_out"];
  std::map<std::string, int> kinds;
  for (const auto& one : report["compared"]) ++kinds[one["kind"]];
  EXPECT_EQ(kinds["report"], static_cast<int>(base::Json::parse(MustRun({"report", "--list", "--json"})).size()));
  EXPECT_GE(kinds["function"], 30);
  EXPECT_GE(kinds["table"], 25);
  EXPECT_GE(kinds["model"], 14);
  EXPECT_GE(kinds["event model"], 7);
  EXPECT_GE(kinds["dump"], 2);
  EXPECT_EQ(kinds["check"], 1);
  EXPECT_EQ(kinds["ledger"], 1);
  EXPECT_EQ(Files(), before);
  std::set<std::string> named;
  for (const auto& difference : report["differences"]) {
    std::string column = difference["column"].is_string() ? difference["column"].get<std::string>() : "";
    named.insert(difference["kind"].get<std::string>() + " " + difference["name"].get<std::string>() + " " + column);
    if (difference["name"] == "warehouse.customer_dim") {
      EXPECT_EQ(difference["key"]["customer_id"], "85002");
      EXPECT_EQ(difference["column"], "email");
      EXPECT_EQ(difference["duckdb"], "b***(17)");
      EXPECT_EQ(difference["spark"], "b***(18)");
    }
    if (difference["name"] == "warehouse.date_dim") {
      EXPECT_EQ(difference["key"]["transaction_date"], "2023-05-20");
      EXPECT_EQ(difference["spark"], column == "day_name" ? "SATURDAY" : "false");
    }
  }
  for (const char* expected : {"function clean_email(x) answer", "function day_name(d) answer",
                               "function percent_of(part, whole) answer", "model warehouse.customer_dim email",
                               "model warehouse.date_dim day_name", "report online-share online_percent_of_sales"}) {
    EXPECT_TRUE(named.contains(expected)) << expected << report["differences"].dump(1);
  }
  // What else the three feed.
  std::regex fed(
      "function percent_of.* answer|report .*percent.*|model warehouse.date_dim is_weekend|"
      "model warehouse.sales_transactions_fact _content_hash|(function|model) .*(email|day_name).*");
  for (const auto& one : named) EXPECT_TRUE(std::regex_match(one, fed)) << one;
  EXPECT_EQ(compared.out.find("bob.ray"), std::string::npos);
}

TEST_F(ComparisonTest, EnginesThatAgreeEndWithExitCodeZero) {
  MakeLake();
  auto compared = Compare({"--only", "table"});
  ASSERT_EQ(compared.exit_code, 0) << compared.out << compared.err;
  EXPECT_TRUE(base::Json::parse(compared.out)["differences"].empty());
}

TEST_F(ComparisonTest, EnginesThatCannotBeComparedAreRefused) {
  auto refused = Qlake({"doctor", "--compare", "duckdb,mars", "--lake", lake()}, {}, folder());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("duckdb,spark,hive: duckdb,mars"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace qlake::testing
