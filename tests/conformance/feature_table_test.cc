// What qlake writes with each feature, read by engines that no one here wrote (deltalake, Polars, DuckDB's delta
// extension, Spark), and what it writes into a table of another engine that asks for constraints and change data.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "engine/duckdb/database.h"
#include "storage/storage.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class FeatureTableTest : public LakeTest {
 protected:
  void SetUp() override {
    std::ifstream python(QLAKE_PYTHON);
    if (!python) GTEST_SKIP() << "SKIPPED: no Python readers here, run scripts/install.sh --test: " << QLAKE_PYTHON;
  }
  static ProcessResult Python(const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {QLAKE_PYTHON, std::string(QLAKE_REPOSITORY) + "/tests/conformance/readers.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }
};

TEST_F(FeatureTableTest, EveryReaderSeesTheRowsAndTheChangesThatWereMeant) {
  auto written = RunProgram({QLAKE_FEATURE_TABLES, folder()});
  ASSERT_EQ(written.exit_code, 0) << written.err;
  auto read = Python({"folder", folder()});
  EXPECT_EQ(read.exit_code, 0) << read.out << read.err;
  EXPECT_NE(read.out.find("45 readings and 2 change feeds are equal"), std::string::npos) << read.out;
}

TEST_F(FeatureTableTest, SparkSeesTheRowsThatWereMeant) {
  if (auto missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
  auto written = RunProgram({QLAKE_FEATURE_TABLES, folder()});
  ASSERT_EQ(written.exit_code, 0) << written.err;
  auto read = RunScript(ForeignEngine::kSpark, "readers.py", {"folder", folder(), "spark"});
  EXPECT_EQ(read.exit_code, 0) << read.out << read.err;
  EXPECT_NE(read.out.find("15 readings"), std::string::npos) << read.out;
}

TEST_F(FeatureTableTest, ATableOfAnotherEngineIsWrittenUnderItsConstraintsAndWithItsChangeData) {
  auto made = Python({"make-constrained", folder() + "/foreign"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  auto storage = storage::OpenLocalStorage(folder());
  engine::Database database(*storage, {.threads = 2});
  engine::TableTarget target{"foreign", database.Describe("SELECT 1::BIGINT AS a, 'x' AS s"), {}, ""};
  auto apply = [&](const engine::TableChange& change) {
    auto base = delta::Snapshot::Load(*storage, "foreign");
    auto report = database.Apply(target, base, change, {}, base::SystemClock());
    EXPECT_TRUE(std::holds_alternative<delta::Committed>(report.outcome));
    return report;
  };
  apply({.insert_sql = "SELECT 5::BIGINT AS a, 'ours' AS s"});
  try {
    apply({.insert_sql = "SELECT -1::BIGINT AS a, 'bad' AS s"});
    ADD_FAILURE() << "a row that breaks the constraint was written";
  } catch (const base::Error& error) {
    EXPECT_NE(error.message().find("\"positive\""), std::string::npos) << error.message();
  }
  auto report = apply({.insert_sql = "SELECT 2::BIGINT AS a, 'two' AS s",
                       .remove_sql = "SELECT * FROM (VALUES (2), (3)) v(a)",
                       .key_columns = {"a"}});
  EXPECT_EQ(report.rows_removed, 2);
  EXPECT_EQ(report.change_files_added, 1);
  std::ofstream(folder() + "/foreign.json") << R"([{"a":"1","s":"x"},{"a":"2","s":"two"},{"a":"5","s":"ours"}])";
  std::ofstream(folder() + "/foreign.changes.json")
      << R"([{"a":"1","s":"x","_change_type":"insert","_commit_version":0},
             {"a":"2","s":"y","_change_type":"insert","_commit_version":0},
             {"a":"3","s":"z","_change_type":"insert","_commit_version":0},
             {"a":"5","s":"ours","_change_type":"insert","_commit_version":2},
             {"a":"2","s":"y","_change_type":"update_preimage","_commit_version":3},
             {"a":"2","s":"two","_change_type":"update_postimage","_commit_version":3},
             {"a":"3","s":"z","_change_type":"delete","_commit_version":3}])";
  auto read = Python({"folder", folder()});
  EXPECT_EQ(read.exit_code, 0) << read.out << read.err;
  // And its writer goes on.
  auto appended = Python({"append", folder() + "/foreign"});
  EXPECT_EQ(appended.exit_code, 0) << appended.err;
}

class ProjectSettingsTest : public LakeTest {
 protected:
  // The built-in project, with lines more in the heads of two models.
  void WriteProject(const std::string& fact_lines, const std::string& customer_lines) {
    ASSERT_EQ(Qlake({"init", project()}).exit_code, 0);
    AddToHead("sales_transactions_fact", fact_lines);
    AddToHead("customer_dim", customer_lines);
  }
  std::string project() const { return folder() + "/project"; }
  ProcessResult RunProject() const { return Run({"run", "--project", project()}); }
  int VersionsOf(const std::string& table) const {
    int versions = 0;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(lake() + "/" + table + "/_delta_log", absent)) {
      if (entry.path().extension() == ".json") ++versions;
    }
    return versions;
  }

 private:
  void AddToHead(const std::string& model, const std::string& lines) {
    std::string path = project() + "/models/warehouse/" + model + ".sql";
    std::string text = ReadFile(path);
    size_t end_of_kind = text.find('\n') + 1;
    std::ofstream(path) << text.substr(0, end_of_kind) << lines << text.substr(end_of_kind);
  }
};

TEST_F(ProjectSettingsTest, ARowThatBreaksACheckStopsTheBatchBeforeItsFirstCommitAndIsNamed) {
  WriteProject("-- check: units_positive: units > 0\n", "-- check: no_bob: first_name <> 'Bob'\n");
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .customer = "85002", .first_name = "Bob"}}));
  auto run = RunProject();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("table warehouse/customer_dim: a row breaks the constraint \"no_bob\" (first_name <> 'Bob')"),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("first_name = ***"), std::string::npos) << run.err;
  EXPECT_EQ(VersionsOf("warehouse/sales_transactions_fact"), 0);
  // The check is mended: the same drop goes through.
  std::filesystem::remove_all(project());
  WriteProject("-- check: units_positive: units > 0\n", "");
  run = RunProject();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Sql("SELECT count(*) FROM warehouse.sales_transactions_fact"), "2\n");
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(ProjectSettingsTest, ACorrectionOfATableWithChangeDataTellsTheChange) {
  WriteProject("-- property: delta.enableChangeDataFeed = true\n", "");
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2"}, {.id = "trx-3"}}));
  ASSERT_EQ(RunProject().exit_code, 0);
  std::string changes = lake() + "/warehouse/sales_transactions_fact/_change_data";
  EXPECT_FALSE(std::filesystem::exists(changes));
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "9"}, {.id = "trx-3"}}));
  auto run = RunProject();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(std::filesystem::exists(changes));
  EXPECT_EQ(Sql("SELECT units FROM warehouse.sales_transactions_fact ORDER BY transaction_id"), "2\n9\n2\n");
}

TEST_F(ProjectSettingsTest, AnUnknownPropertyIsRefusedWithTheOneThatWasMeant) {
  WriteProject("-- property: delta.enableChangeDataFed = true\n", "");
  auto run = RunProject();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("did you mean delta.enableChangeDataFeed?"), std::string::npos) << run.err;
}

TEST_F(FeatureTableTest, NoPersonalValueStandsInTheLogOfAnyTableOfTheLake) {
  for (int hour = 0; hour < 11; ++hour) {
    ASSERT_EQ(Qlake({"simulate", "drops", "--out", landing(), "--hours", "1", "--rows", "60", "--seed",
                     std::to_string(hour), "--start", "2023-05-20T" + std::to_string(10 + hour), "--dirty", "0.05"})
                  .exit_code,
              0);
    MustRun({"run"});
  }
  auto searched = Python({"personal", lake()});
  EXPECT_EQ(searched.exit_code, 0) << searched.out << searched.err;
  std::cout << searched.out;
}

}  // namespace
}  // namespace qlake::testing
