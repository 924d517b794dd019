// The same lake asked on both engines, byte by byte the same answer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using Arguments = std::vector<std::string>;

class AnswerParityTest : public LakeTest {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
  }

  // The four real drops in two runs, with a correction of one, and some thousand events, bad and late ones among them.
  bool MakeLake() const {
    for (int group = 1; group <= 3; ++group) {
      if (!DropGroup(group, "2023-12-29T0" + std::to_string(group))) return false;
    }
    MustRun({"run"});
    DropGroup(4, "2023-12-29T04");
    Drop("2023-12-29T01", "branches_SS_raw_1.csv",
         "branch_id,location,establish_date,class\n1,\"New, York\",2001-2-3,A\n");
    MustRun({"run"});
    std::string events = folder() + "/events.jsonl";
    EXPECT_EQ(Qlake({"simulate", "events", "--out", events, "--count", "3000", "--seed", "7", "--bad", "0.01", "--late",
                     "0.02", "--start", "2023-12-28T08:00:00Z", "--per-second", "1"})
                  .exit_code,
              0);
    MustRun({"stream", "--from-file", events, "--until-idle"});
    return true;
  }

  ProcessResult RunOnSpark(Arguments command) const {
    command.insert(command.end(), {"--engine", "spark", "--spark-connect", SparkAddress()});
    return Run(command);
  }

  void ExpectSameAnswer(const Arguments& command) const {
    std::string asked;
    for (const auto& argument : command) asked += argument + " ";
    auto spark = RunOnSpark(command);
    ASSERT_EQ(spark.exit_code, 0) << asked << spark.err;
    EXPECT_EQ(spark.out, MustRun(command)) << asked;
  }

  void ExpectRefusedOnSpark(const Arguments& command, const std::string& part) const {
    auto refused = RunOnSpark(command);
    EXPECT_EQ(refused.exit_code, 2) << command.back() << refused.out;
    EXPECT_NE(refused.err.find(part), std::string::npos) << command.back() << ": " << refused.err;
  }
};

TEST_F(AnswerParityTest, EveryReportIsTheSame) {
  if (!MakeLake()) GTEST_SKIP() << "no shared data";
  auto reports = base::Json::parse(MustRun({"report", "--list", "--json"}));
  EXPECT_GE(reports.size(), 23U);
  for (const auto& report : reports) ExpectSameAnswer({"report", report["report"], "--format", "json", "--limit", "0"});
  ExpectSameAnswer({"report", "revenue-by-day", "--from", "2023-01-01", "--to", "2023-03-31", "--format", "csv"});
  ExpectSameAnswer({"report", "lowest-online-cities", "--limit", "3"});
}

TEST_F(AnswerParityTest, ADoctorAsksTheServer) {
  std::string findings = RunOnSpark({"doctor"}).out;
  EXPECT_NE(findings.find("Spark 4"), std::string::npos) << findings;
  EXPECT_EQ(findings.find("does not know Delta tables"), std::string::npos) << findings;
}

TEST_F(AnswerParityTest, ADumpOfSparkIsTheDumpOfDuckdb) {
  if (!MakeLake()) GTEST_SKIP() << "no shared data";
  for (const char* date : {"2023-05-20", "2023-12-28", "1999-01-01"}) {
    MustRun({"dump", "--date", date});
    auto again = RunOnSpark({"dump", "--date", date, "--json"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_NE(again.out.find("\"unchanged\":true"), std::string::npos) << again.out;
  }
}

TEST_F(AnswerParityTest, TablesAndTypesOfASelectAreTheSame) {
  if (!MakeLake()) GTEST_SKIP() << "no shared data";
  for (const char* sql :
       {"SELECT * FROM warehouse.sales_transactions_fact ORDER BY transaction_id",
        "SELECT * FROM customer_dim ORDER BY customer_id, valid_from",
        "SELECT count(*) AS n, sum(units) AS units FROM sales_transactions_fact AS f JOIN warehouse.branch_dim b ON "
        "f.branch_id = b.branch_id AND b.is_current",
        "SELECT marts.sales_daily.branch_id, 'marts.sales_daily' AS t FROM marts.sales_daily ORDER BY 1, 2 LIMIT 3",
        "SELECT * FROM events.app_events ORDER BY _partition, _offset",
        "SELECT * FROM quarantine.sales_transactions ORDER BY _file_id, _line",
        "SELECT _file_id, rows, header, received_at FROM raw.files ORDER BY seq",
        "SELECT CAST(NULL AS INT) AS i, TRUE AS b, CAST(-0.5 AS DECIMAL(3,2)) AS d, CAST(0.1 AS DOUBLE) AS f, CAST(7 "
        "AS "
        "SMALLINT) AS s, CAST(9223372036854775807 AS BIGINT) AS l, 'a\\b''c' AS t, DATE '0001-01-01' AS day, "
        "CAST(12345678901234567890.123 AS DECIMAL(38,3)) AS wide"}) {
    ExpectSameAnswer({"sql", sql, "--format", "json", "--limit", "0"});
  }
  ExpectSameAnswer({"sql", "SELECT count(*) AS n FROM branch_dim", "--as-of", "0", "--format", "csv"});
  ExpectSameAnswer(
      {"sql", "SELECT * FROM t ORDER BY ALL", "--table", lake() + "/warehouse/branch_dim", "--format", "csv"});
}

// Sessions on one server do not see each other's tables: each process reads the version that it asked for.
TEST_F(AnswerParityTest, EachProcessReadsItsOwnVersion) {
  if (!MakeLake()) GTEST_SKIP() << "no shared data";
  for (const char* version : {"0", "1", "0"}) {
    ExpectSameAnswer({"sql", "SELECT count(*) AS n, sum(units) AS units FROM sales_transactions_fact", "--as-of",
                      version, "--format", "csv"});
  }
}

TEST_F(AnswerParityTest, WhatIsOutOfReachExitsWithTwoAndSaysWhy) {
  if (!MakeLake()) GTEST_SKIP() << "no shared data";
  std::ofstream(folder() + "/secret.txt") << "secret\n";
  ExpectRefusedOnSpark({"sql", "DROP TABLE sales_daily"}, "only one SELECT");
  ExpectRefusedOnSpark({"sql", "SELECT 1; SELECT 2"}, "a second statement");
  ExpectRefusedOnSpark({"sql", "SELECT java_method('java.lang.System', 'getProperty', 'user.home')"}, "java_method");
  ExpectRefusedOnSpark({"sql", "SELECT * FROM text.`" + folder() + "/secret.txt`"}, "cannot be found");
  ExpectRefusedOnSpark({"sql", "SELECT * FROM delta.`" + lake() + "/raw/files`"}, "cannot be found");
  ExpectRefusedOnSpark({"sql", "SELECT no_such_column FROM marts.sales_daily"}, "no_such_column");
  ExpectRefusedOnSpark({"sql", "SELECT count(*) FROM raw.sales_transactions"}, "qlake materialize");
  ExpectRefusedOnSpark({"sql", "SELECT count(*) FROM raw_rows.sales_transactions"}, "cannot be found");
}

// Spark reads rows of received files from a table, which may be behind the files or of other rules.
TEST_F(AnswerParityTest, RawRowsThatAreNotThoseOfTheFilesAreRefusedUntilTheyAre) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  const std::string count = "SELECT count(*) AS n FROM raw.sales_transactions";
  ExpectRefusedOnSpark({"sql", count}, "raw.sales_transactions is no table yet");
  MustRun({"materialize"});
  ExpectSameAnswer({"sql", count, "--format", "csv"});
  Drop("2023-05-20T15", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2"}, {.id = "trx-3"}}));
  MustRun({"ingest"});
  ExpectRefusedOnSpark({"sql", count}, "lacks the rows of 1 files");
  MustRun({"materialize"});
  ExpectSameAnswer({"sql", count, "--format", "csv"});
  std::string project = folder() + "/project";
  ASSERT_EQ(Qlake({"init", project}).exit_code, 0);
  std::string contract = project + "/sources/sales_transactions.toml";
  std::string text = ReadFile(contract);
  const std::string alias = "\"cusomter_lname\"";
  ASSERT_NE(text.find(alias), std::string::npos);
  text.replace(text.find(alias), alias.size(), alias + ", \"surname\"");
  std::ofstream(contract, std::ios::binary | std::ios::trunc) << text;
  auto refused = RunOnSpark({"sql", count, "--project", project});
  EXPECT_EQ(refused.exit_code, 2) << refused.out;
  EXPECT_NE(refused.err.find("filled by other header rules"), std::string::npos) << refused.err;
}

TEST_F(AnswerParityTest, AServerThatIsNotThereIsNamed) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  auto failed = Run({"report", "top-products", "--engine", "spark", "--spark-connect", "sc://127.0.0.1:1"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("127.0.0.1:1"), std::string::npos) << failed.err;
}

}  // namespace
}  // namespace qlake::testing
