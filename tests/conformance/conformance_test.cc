// The lake as engines that no one here wrote see it: deltalake, Polars and DuckDB's delta extension must read the same
// rows that `qlake sql` reads; and what deltalake writes between our commits must not disturb us.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class ConformanceTest : public LakeTest {
 protected:
  void SetUp() override {
    std::ifstream python(QLAKE_PYTHON);
    if (!python) GTEST_SKIP() << "SKIPPED: no Python readers here, run scripts/install.sh --test: " << QLAKE_PYTHON;
  }
  ProcessResult Python(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {QLAKE_PYTHON, std::string(QLAKE_REPOSITORY) + "/tests/conformance/readers.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }
  void DropTwoHours() const {
    std::string landing_zone = landing();
    ASSERT_EQ(Qlake({"simulate", "drops", "--out", landing_zone, "--hours", "3", "--rows", "300", "--seed", "11",
                     "--start", "2023-12-28T10", "--dirty", "0.02"})
                  .exit_code,
              0);
  }
};

TEST_F(ConformanceTest, EveryReaderSeesTheSameRowsInEveryTable) {
  DropTwoHours();
  MustRun({"run"});
  for (const char* table :
       {"warehouse.sales_transactions_fact", "warehouse.customer_dim", "warehouse.product_dim", "warehouse.branch_dim",
        "warehouse.sales_agent_dim", "warehouse.date_dim", "marts.product_sales_daily", "marts.online_city_sales_daily",
        "marts.agent_product_sales_daily", "marts.sales_daily", "marts.customer_sales", "quarantine.sales_transactions",
        "raw.files", "ops.ledger", "ops.steps", "ops.runs"}) {
    std::string name = table;
    std::string ours = folder() + "/ours.csv";
    std::ofstream(ours) << MustRun({"sql", "SELECT * FROM " + name, "--format", "json", "--limit", "0"});
    std::string path = lake() + "/" + name.replace(name.find('.'), 1, "/");
    for (const char* reader : {"deltalake", "polars", "duckdb"}) {
      auto result = Python({reader, path, ours});
      EXPECT_EQ(result.exit_code, 0) << reader << " " << table << "\n" << result.out << result.err;
    }
  }
}

// A day of hours that nobody compacted, then all at once: others read the rows that they read before.
TEST_F(ConformanceTest, ADayOfHoursReadsTheSameAfterACompaction) {
  std::string landing_zone = landing();
  ASSERT_EQ(Qlake({"simulate", "drops", "--out", folder() + "/coming", "--hours", "24", "--rows", "40", "--seed", "5",
                   "--start", "2023-12-28T00"})
                .exit_code,
            0);
  for (int hour = 0; hour < 24; ++hour) {
    std::string drop = std::string("2023-12-28T") + (hour < 10 ? "0" : "") + std::to_string(hour);
    ASSERT_EQ(RunProgram({"/bin/mv", folder() + "/coming/" + drop, landing_zone + "/" + drop}).exit_code, 0);
    MustRun({"run"});
  }
  std::vector<std::string> tables = {"warehouse.sales_transactions_fact", "warehouse.customer_dim",
                                     "marts.product_sales_daily", "raw.files", "ops.ledger"};
  std::map<std::string, std::string> before;
  auto select = [](const std::string& table) { return "SELECT * FROM " + table + " ORDER BY ALL"; };
  for (const auto& table : tables) before[table] = Sql(select(table));
  MustRun({"compact", "--min-files", "2"});
  for (const auto& table : tables) {
    EXPECT_EQ(Sql(select(table)), before[table]) << table;
    std::string ours = folder() + "/ours.csv";
    std::ofstream(ours) << MustRun({"sql", "SELECT * FROM " + table, "--format", "json", "--limit", "0"});
    std::string path = lake() + "/" + std::string(table).replace(table.find('.'), 1, "/");
    for (const char* reader : {"deltalake", "polars", "duckdb"}) {
      auto result = Python({reader, path, ours});
      EXPECT_EQ(result.exit_code, 0) << reader << " " << table << "\n" << result.out << result.err;
    }
  }
}

TEST_F(ConformanceTest, ACompactionByAnotherEngineBetweenCrashAndRedoChangesNothing) {
  DropTwoHours();
  ASSERT_EQ(Run({"run"}, {{"QLAKE_CRASH_AT", "process.before_ledger"}}).exit_code, 128 + 9);
  // The fact is committed, the batch is not published.
  for (const char* table : {"warehouse/sales_transactions_fact", "warehouse/customer_dim"}) {
    auto compacted = Python({"compact", lake() + "/" + table});
    ASSERT_EQ(compacted.exit_code, 0) << compacted.err;
  }
  MustRun({"run"});
  std::string content = Content();
  MustRun({"run"});
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(UnclosedLedger(), "");

  struct Undisturbed : public LakeTest {
    void TestBody() override {}
    std::string Compute(const std::string& from) {
      RunProgram({"/bin/cp", "-rT", from, landing()});
      MustRun({"run"});
      return Content();
    }
  };
  EXPECT_EQ(content, Undisturbed().Compute(landing()));
}

}  // namespace
}  // namespace qlake::testing
