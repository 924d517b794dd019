// The real binary as its user meets it: exit codes, what goes to standard output and to standard error, messages.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class CliTest : public LakeTest {};

TEST_F(CliTest, EveryCommandHasHelpWithAnExample) {
  for (const char* command :
       {"init",       "simulate", "ingest", "process", "run",     "report", "dump",   "sql",      "status",  "ledger",
        "quarantine", "compact",  "vacuum", "history", "restore", "verify", "config", "schedule", "metrics", "serve"}) {
    auto result = Qlake({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_NE(result.out.find("qlake " + std::string(command)), std::string::npos) << command << result.out;
  }
  EXPECT_EQ(Qlake({"--help"}).exit_code, 0);
  EXPECT_NE(Qlake({"--version"}).out.find("0.1.0"), std::string::npos);
}

TEST_F(CliTest, WrongUseExitsWith2AndSaysWhatToDo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"frobnicate"},
                                             {"run", "--no-such-flag"},
                                             {"dump"},
                                             {"dump", "--date", "2023-02-30"},
                                             {"report", "no-such-report"},
                                             {"sql", "SELECT"},
                                             {"ingest", "--landing", "/no/such/folder"},
                                             {"ingest", "--hour", "yesterday"},
                                             {"run", "--memory", "lots"}}) {
    auto result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0] << " " << arguments.back() << "\n" << result.err;
    EXPECT_FALSE(result.err.empty());
    EXPECT_EQ(result.out, "") << arguments[0];
  }
}

TEST_F(CliTest, ReadersOfALakeWithoutARunSayWhatToRunFirst) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"report", "top-products"}, {"dump", "--date", "2023-05-20"}}) {
    auto result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find("qlake run"), std::string::npos) << result.err;
  }
}

TEST_F(CliTest, StrictExitsWith3WhenDataWasQuarantined) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "x"}}));
  EXPECT_EQ(Run({"run", "--strict"}).exit_code, 3);
  EXPECT_EQ(Run({"run", "--strict"}).exit_code, 0) << "nothing was quarantined by a run that had nothing to do";
}

TEST_F(CliTest, JsonIsOneObjectOnStandardOutput) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  auto json = base::Json::parse(MustRun({"run", "--json"}), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_TRUE(json.contains("run_id"));
  auto failed = base::Json::parse(Run({"dump", "--date", "x", "--json"}).out, nullptr, false);
  EXPECT_TRUE(failed.is_object() && failed.contains("error"));
}

TEST_F(CliTest, LogLinesAreJsonWithTheRun) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  std::string log = folder() + "/log.jsonl";
  MustRun({"run", "--log-level", "info", "--log-file", log});
  std::stringstream lines(ReadFile(log));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    auto json = base::Json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    for (const char* key : {"time", "level", "run_id", "step", "message"})
      EXPECT_TRUE(json.contains(key)) << key << " " << line;
  }
  EXPECT_GT(count, 5);
}

TEST_F(CliTest, SqlReadsNothingButTheLake) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  std::string secret = folder() + "/secret.csv";
  std::ofstream(secret) << "a\n1\n";
  for (const std::string& sql : std::vector<std::string>{
           "SELECT * FROM read_csv('" + secret + "')", "SELECT * FROM '" + secret + "'",
           "SELECT * FROM read_text('/etc/passwd')", "COPY (SELECT 1) TO '" + folder() + "/out.csv'",
           "CREATE TABLE x AS SELECT 1", "SET threads = 1", "SELECT 1; SELECT 2", "SELECT * FROM glob('/*')",
           "ATTACH '" + folder() + "/x.db'", "INSTALL httpfs", "SELECT getenv('HOME')",
           "SELECT current_setting('temp_directory')", "SELECT * FROM duckdb_settings()", "DELETE FROM ops.ledger",
           "PRAGMA database_list", "SELECT * FROM query('SELECT 1')",
           "SELECT (SELECT count(*) FROM read_blob('/etc/hosts'))"}) {
    auto result = Run({"sql", sql});
    EXPECT_EQ(result.exit_code, 2) << sql << "\n" << result.out << result.err;
  }
  EXPECT_FALSE(std::filesystem::exists(folder() + "/out.csv"));
}

TEST_F(CliTest, JsonOfSqlKeepsExactValues) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1", .units = "3", .price = "0.01"}}));
  MustRun({"run"});
  auto rows = base::Json::parse(
      MustRun({"sql",
               "SELECT total_price, units, transaction_date, data_hour, _line, sales_agent_id, is_online "
               "FROM sales_transactions_fact",
               "--format", "json"}));
  EXPECT_EQ(
      rows.dump(),
      "[{\"total_price\":\"0.0300\",\"units\":3,\"transaction_date\":\"2023-05-20\","
      "\"data_hour\":\"2023-05-20T10:00:00.000000Z\",\"_line\":\"2\",\"sales_agent_id\":\"1\",\"is_online\":false}]");
}

TEST_F(CliTest, ADeltaFolderOpensAsTAtAnyVersion) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  Drop("2023-05-20T11", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2"}}));
  MustRun({"run"});
  std::string fact = lake() + "/warehouse/sales_transactions_fact";
  auto count = [&](const std::vector<std::string>& as_of) {
    std::vector<std::string> command = {"sql", "--table", fact, "SELECT count(*) AS n FROM t", "--format", "csv"};
    command.insert(command.end(), as_of.begin(), as_of.end());
    return Qlake(command).out;
  };
  EXPECT_EQ(count({}), "n\n2\n");
  EXPECT_EQ(count({"--as-of", "0"}), "n\n1\n");
  EXPECT_EQ(Qlake({"sql", "--table", fact, "SELECT * FROM t", "--as-of", "7"}).exit_code, 2);
  EXPECT_EQ(Qlake({"sql", "--table", folder(), "SELECT * FROM t"}).exit_code, 2);
}

TEST_F(CliTest, ASecondWriterWaitsAndThenExitsWith1) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  auto held = RunProgram({"/usr/bin/flock", lake() + "/_qlake/writer.lock", QLAKE_BINARY, "run", "--lake", lake(),
                          "--landing", landing(), "--lease-wait", "1s"});
  EXPECT_EQ(held.exit_code, 1) << held.err;
  EXPECT_NE(held.err.find("being written by another qlake"), std::string::npos) << held.err;
}

TEST_F(CliTest, AProjectCanBeWrittenOutAndChanged) {
  std::string project = folder() + "/project";
  ASSERT_EQ(Qlake({"init", project}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(project + "/models/warehouse/sales_transactions_fact.sql"));
  std::ofstream(project + "/sources/branches.toml", std::ios::app) << "tpye = \"TEXT\"\n";
  auto result = Run({"run", "--project", project});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("branches.toml:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("unknown key tpye"), std::string::npos) << result.err;
}

TEST_F(CliTest, AConfigWithAnUnknownKeyNamesTheLineAndTheNearestKey) {
  std::ofstream(folder() + "/qlake.toml") << "landing = \"landing\"\nlak = \"lake\"\n";
  auto result = Qlake({"config", "show"}, {}, folder());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("qlake.toml:2"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("lake"), std::string::npos) << result.err;
}

TEST_F(CliTest, FlagsOverrideTheEnvironmentWhichOverridesTheFile) {
  std::ofstream(folder() + "/qlake.toml")
      << "lake = \"from_file\"\nlanding = \"file_landing\"\ndump_dir = \"file_dump\"\n";
  auto result = Qlake({"config", "show", "--lake", "from_flag"},
                      {{"QLAKE_LAKE", "from_environment"}, {"QLAKE_LANDING", "from_environment"}}, folder());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("from_flag"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("from_environment"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("file_dump"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("file_landing"), std::string::npos) << result.out;
}

TEST_F(CliTest, AFileOfNoSourceIsNamedAndLeftAlone) {
  Drop("2023-05-20T10", "notes.txt", "hello");
  Drop("2023-05-20T10", "branches_1.csv.tmp", "half");
  auto result = Run({"ingest"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("notes.txt"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("branches_1.csv.tmp"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace qlake::testing
