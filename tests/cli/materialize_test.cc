// raw.<source> as a table: what it has is what the view over the received bytes says, after corrections and after
// kills.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class MaterializeTest : public LakeTest {
 protected:
  // What `qlake sql` shows of the source, and what the table holds of it: the same, when it is up to date.
  std::string View() const {
    return Sql("SELECT * EXCLUDE (data_hour), data_hour FROM raw.sales_transactions ORDER BY _file_id, _line");
  }
  std::string Table() const {
    std::string csv = MustRun(
        {"sql",
         "SELECT * EXCLUDE (_record, _seq, data_date, data_hour), CAST(data_date AS TIMESTAMP WITH TIME ZONE) + "
         "to_hours(data_hour) AS data_hour FROM t ORDER BY _file_id, _line",
         "--table", lake() + "/raw/sales_transactions", "--format", "csv", "--limit", "0"});
    return csv.substr(csv.find('\n') + 1);
  }
  void DropTwoHours() const {
    Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "x"}}));
    Drop("2023-05-20T14", "sales_transactions_2.csv", SalesCsv({{.id = "trx-3"}}) + "\"unclosed,1\r\n");
    Drop("2023-05-20T15", "sales_transactions_1.csv", SalesCsv({{.id = "trx-4", .address = "1 A St/Oslo/OS/00123"}}));
  }
};

TEST_F(MaterializeTest, EveryFileComesOnceAndACorrectionReplacesItsRows) {
  DropTwoHours();
  MustRun({"ingest"});
  auto first = base::Json::parse(MustRun({"materialize", "--json"}));
  int64_t files = 0;
  for (const auto& table : first["tables"]) files += table["files"].get<int64_t>();
  EXPECT_EQ(first["tables"].size(), 3U);
  EXPECT_EQ(files, 3);
  EXPECT_EQ(Table(), View());
  EXPECT_NE(MustRun({"materialize"}).find("raw.sales_transactions: has the rows of every file"), std::string::npos);
  Drop("2023-05-20T14", "sales_transactions_2.csv", SalesCsv({{.id = "trx-5"}, {.id = "trx-6"}}));
  Drop("2023-05-20T16", "sales_transactions_1.csv", SalesCsv({{.id = "trx-7"}}));
  MustRun({"ingest"});
  EXPECT_NE(MustRun({"materialize"}).find("3 rows of 2 files came, 2 went"), std::string::npos);
  EXPECT_EQ(Table(), View());
  MustRun({"verify"});
}

TEST_F(MaterializeTest, KilledAnywhereItIsDoneOnceWhenRunAgain) {
  DropTwoHours();
  MustRun({"ingest"});
  for (const char* label : {"apply.before_files", "apply.after_files", "delta.before_log", "delta.after_log"}) {
    EXPECT_EQ(Run({"materialize"}, {{"QLAKE_CRASH_AT", std::string(label) + ":3"}}).exit_code, 128 + SIGKILL) << label;
    Drop("2023-05-20T14", "sales_transactions_2.csv", SalesCsv({{.id = label}}));
    MustRun({"ingest"});
    MustRun({"materialize"});
    EXPECT_EQ(Table(), View()) << label;
    Drop("2023-05-20T17", "branches_1.csv", "branch_id,location\n1," + std::string(label) + "\n");
    Drop("2023-05-20T17", "sales_agents_1.csv", "sales_person_id,name\n1," + std::string(label) + "\n");
    Drop("2023-05-20T15", "sales_transactions_1.csv", SalesCsv({{.id = std::string("again ") + label}}));
    MustRun({"ingest"});
  }
}

TEST_F(MaterializeTest, AContractThatReadsOtherColumnsHasAllRowsReadAnew) {
  Drop("2023-05-20T14", "branches_1.csv", "branch_id,location,manager\n1,Oslo,Ann\n");
  MustRun({"ingest"});
  MustRun({"materialize"});
  ASSERT_EQ(Qlake({"init", folder() + "/project"}).exit_code, 0);
  std::string contract = folder() + "/project/sources/branches.toml";
  std::string text = ReadFile(contract) + "\n[[column]]\nname = \"manager\"\n";
  std::ofstream(contract) << text;
  MustRun({"materialize", "--project", folder() + "/project"});
  EXPECT_EQ(MustRun({"sql", "SELECT manager, _rescued FROM t", "--table", lake() + "/raw/branches", "--format", "csv"}),
            "manager,_rescued\nAnn,\n");
}

}  // namespace
}  // namespace qlake::testing
