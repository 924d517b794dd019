// Files in, rows out: what the real drops must come to, and what each peculiarity of the source must come to.
#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class RealDropsTest : public LakeTest {
 protected:
  void SetUp() override {
    for (int group = 1; group <= 4; ++group) {
      if (!DropGroup(group, "2023-12-29T0" + std::to_string(group))) GTEST_SKIP() << "no shared data";
    }
    MustRun({"run"});
  }
};

TEST_F(RealDropsTest, TheNumbersOfTheFourGroupsComeOut) {
  EXPECT_EQ(Sql("SELECT count(*) FROM raw.sales_transactions"), "6000\n");
  EXPECT_EQ(Sql("SELECT count(*), sum(units), sum(total_paid_price) FROM sales_transactions_fact"),
            "4500,24855,4275163.2950\n");
  EXPECT_EQ(Sql("SELECT count(DISTINCT transaction_date), min(transaction_date), max(transaction_date) FROM "
                "sales_transactions_fact"),
            "671,2022-01-01,2023-12-28\n");
  EXPECT_EQ(Sql("SELECT count(*), min(transaction_date), max(transaction_date) FROM date_dim"),
            "671,2022-01-01,2023-12-28\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM customer_dim WHERE is_current"), "101\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM product_dim WHERE is_current"), "30\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM branch_dim WHERE is_current"), "6\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_agent_dim WHERE is_current"), "11\n");
  EXPECT_EQ(Sql("SELECT sum(l.rows_in), sum(l.loaded), sum(l.duplicate), sum(l.quarantined) FROM ops.ledger AS l "
                "WHERE source = 'sales_transactions'"),
            "6000,4500,1500,0\n");
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(RealDropsTest, TheFourReportsComeOut) {
  auto names_and_units = [&](const std::string& report, const std::string& limit) {
    std::string csv = MustRun({"report", report, "--format", "csv", "--limit", limit});
    return csv.substr(csv.find('\n') + 1);
  };
  std::string top = names_and_units("top-products", "5");
  for (const char* line :
       {",Skirt,964\n", ",Headphones,929\n", ",Coffee Maker,902\n", ",Vacuum Cleaner,898\n", ",Blender,890\n"}) {
    EXPECT_NE(top.find(line), std::string::npos) << line << top;
  }
  EXPECT_EQ(names_and_units("redeemed-offers", "0"), "0,2242\n20,478\n25,458\n5,452\n15,449\n10,421\n");
  std::string offers = names_and_units("offers-per-product", "2");
  EXPECT_NE(offers.find(",Camera,15,28\n"), std::string::npos) << offers;
  EXPECT_NE(offers.find(",Blender,10,27\n"), std::string::npos) << offers;
  std::string cities = names_and_units("lowest-online-cities", "4");
  EXPECT_EQ(cities.substr(0, 12), "Smartsville,") << cities;
  for (const char* line : {",19.9900\nNorthfield,", ",19.9920\nRevere,", ",39.9900\nMarlborough,", ",49.9900\n"}) {
    EXPECT_NE(cities.find(line), std::string::npos) << line << cities;
  }
}

TEST_F(RealDropsTest, ASecondRunChangesNothing) {
  std::string before = Content();
  MustRun({"run"});
  EXPECT_EQ(Content(), before);
}

TEST_F(RealDropsTest, ChangedHireDatesMakeTwoVersionsOfAnAgent) {
  EXPECT_EQ(Sql("SELECT sales_agent_id, count(*) FROM sales_agent_dim WHERE valid_from IS NULL GROUP BY ALL HAVING "
                "count(*) <> 1"),
            "");
  EXPECT_EQ(Sql("SELECT valid_from FROM sales_agent_dim WHERE sales_agent_id = '11'"), "\n");
  EXPECT_GT(Sql("SELECT sales_agent_id FROM sales_agent_dim GROUP BY ALL HAVING count(*) = 2").size(), 0u);
}

class PeculiarityTest : public LakeTest {};

TEST_F(PeculiarityTest, AnAddressSplitsFromTheRight) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1", .address = "421 1/2 6th Street Southeast/Washington/DC/02003"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT street, city, state, postal_code, is_online, sales_agent_id FROM sales_transactions_fact"),
            "421 1/2 6th Street Southeast,Washington,DC,02003,true,\n");
}

TEST_F(PeculiarityTest, EveryJunkEndingOfAnEmailIsCleanedAway) {
  std::vector<Sale> sales;
  int id = 0;
  for (const char* junk : {";", "'", "]", "\\", "{",   ">",  "^",  "*",  "[",  ":", "&", "(",
                           "/", "<", "|", "]x", "#4r", "}4", "%x", "$u", ")x", "m", " "}) {
    sales.push_back({.id = "trx-" + std::to_string(++id),
                     .customer = std::to_string(1000 + id),
                     .email = std::string("ann.lee@gmail.com") + junk});
  }
  sales.push_back({.id = "trx-q", .customer = "999", .email = "\"ann.lee@gmail.com\"\"\""});
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv(sales));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT email, count(*) FROM customer_dim GROUP BY email"), "ann.lee@gmail.com,24\n");
}

TEST_F(PeculiarityTest, MoneyIsExact) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1", .offer = "1", .units = "3", .price = "0.01"},
                 {.id = "trx-2", .offer = "5", .units = "99999", .price = "9999999.99"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT total_price, discount_percentage, total_paid_price FROM sales_transactions_fact ORDER BY "
                "transaction_id"),
            "0.0300,5,0.0285\n999989999000.0100,25,749992499250.0075\n");
}

TEST_F(PeculiarityTest, ABadRowIsQuarantinedWithAllItsReasonsAndTheRestIsLoaded) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"},
                 {.id = "trx-2", .date = "2023-2-30", .offer = "13", .units = "0", .price = "1.999"},
                 {.id = "trx-3"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT transaction_id FROM sales_transactions_fact ORDER BY 1"), "trx-1\ntrx-3\n");
  EXPECT_EQ(Sql("SELECT _line, key, kind, json_array_length(reasons) FROM quarantine.sales_transactions"),
            "3,trx-2,contract,4\n");
  std::string reasons = Sql("SELECT reasons FROM quarantine.sales_transactions");
  for (const char* reason : {"transaction_date: '2023-2-30' is no DATE", "one_offer_per_transaction",
                             "units: '0' is not", "unit_price: '1.999' is no DECIMAL(9,2)"}) {
    EXPECT_NE(reasons.find(reason), std::string::npos) << reason << " in " << reasons;
  }
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(PeculiarityTest, AnUnclosedQuoteTakesOnlyItsOwnLine) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesHeader() + SaleLine({.id = "trx-1"}) + SaleLine({.id = "trx-2", .email = "\"ann"}) +
           SaleLine({.id = "trx-3"}) + SaleLine({.id = "trx-4", .email = "\"ann.lee@gmail.com\"\"\""}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT transaction_id FROM sales_transactions_fact ORDER BY 1"), "trx-1\ntrx-3\ntrx-4\n");
  EXPECT_EQ(Sql("SELECT _line, kind FROM quarantine.sales_transactions"), "3,malformed\n");
}

TEST_F(PeculiarityTest, AFileThatIsNoCsvIsOneQuarantinedRow) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       std::string("\x7f"
                   "ELF\0\1\2\3",
                   8) +
           std::string(1000, '\xff'));
  Drop("2023-05-20T10", "sales_transactions_2.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "1\n");
  EXPECT_EQ(Sql("SELECT _file_id, _line, kind FROM quarantine.sales_transactions"),
            "2023-05-20T10/sales_transactions_1.csv,1,malformed\n");
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(PeculiarityTest, EmptyAndHeaderOnlyFilesAreFilesWithoutRows) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", "");
  Drop("2023-05-20T10", "sales_transactions_2.csv", SalesHeader());
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT _file_id, rows_in FROM ops.ledger ORDER BY 1"),
            "2023-05-20T10/sales_transactions_1.csv,0\n2023-05-20T10/sales_transactions_2.csv,0\n");
}

TEST_F(PeculiarityTest, ColumnsBindByNameWhateverTheirOrderAndUnknownOnesAreKept) {
  Drop("2023-05-20T10", "branches_1.csv",
       "\xEF\xBB\xBF"
       "class,source,location,branch_id,establish_date\nA,erp,Oslo,7,2020-1-5\n");
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT branch_id, location, establish_date, class FROM branch_dim"), "7,Oslo,2020-01-05,A\n");
  EXPECT_EQ(Sql("SELECT _rescued FROM raw.branches"), "\"{\"\"source\"\":\"\"erp\"\"}\"\n");
}

TEST_F(PeculiarityTest, JsonLinesAreTheSameRows) {
  Drop("2023-05-20T10", "branches_1.jsonl",
       "{\"branch_id\":\"7\",\"location\":\"Oslo\",\"establish_date\":\"2020-1-5\",\"class\":\"A\"}\nnot json\n");
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT branch_id, location, establish_date, class FROM branch_dim"), "7,Oslo,2020-01-05,A\n");
  EXPECT_EQ(Sql("SELECT _line, kind FROM quarantine.branches"), "2,malformed\n");
}

TEST_F(PeculiarityTest, AnUnknownAgentIsInferredUntilItArrives) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1", .agent = "42"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT sales_agent_id, name, is_inferred, is_current FROM sales_agent_dim"), "42,,true,true\n");
  Drop("2023-05-20T11", "sales_agents_1.csv", "sales_person_id,name,hire_date\n42,Kim,2020-1-1\n");
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT sales_agent_id, name, is_inferred, is_current, valid_from FROM sales_agent_dim"),
            "42,Kim,false,true,\n");
}

TEST_F(PeculiarityTest, TwoProductsOfOneNameStayTwo) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1", .product = "18", .product_name = "Boots"},
                 {.id = "trx-2", .product = "19", .product_name = "Boots", .units = "5"}}));
  MustRun({"run"});
  EXPECT_EQ(MustRun({"report", "top-products", "--format", "csv"}),
            "product_id,product_name,total_units_sold\n19,Boots,5\n18,Boots,2\n");
}

TEST_F(PeculiarityTest, TheCustomersNameIsThatOfTheLatestTransactionDate) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1", .date = "2023-5-2", .first_name = "Late"},
                 {.id = "trx-2", .date = "2023-5-1", .first_name = "Early"}}));
  Drop("2023-05-20T11", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-3", .date = "2023-4-1", .first_name = "Older"}}));
  Drop("2023-05-20T12", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-4", .date = "2023-5-2", .first_name = "Newer"}}));
  MustRun({"run"});
  EXPECT_EQ(
      Sql("SELECT first_name, valid_from, valid_to, is_current FROM customer_dim ORDER BY valid_from NULLS FIRST"),
      "Late,,2023-05-20T12:00:00.000000Z,false\nNewer,2023-05-20T12:00:00.000000Z,,true\n");
}

TEST_F(PeculiarityTest, NamesThatConflictWithinAnHourAreCounted) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .first_name = "Bea"}, {.id = "trx-3", .customer = "85002"}}));
  Drop("2023-05-20T11", "sales_transactions_1.csv", SalesCsv({{.id = "trx-4", .first_name = "Cid"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT subject, name, rows_failed FROM ops.checks"),
            "warehouse.customer_dim,customer_id has one value an hour,1\n");
}

// 500 strings that break programs, as names of drops and as cells.
TEST_F(PeculiarityTest, NaughtyStringsAreOrdinaryNamesAndCells) {
  auto strings = base::Json::parse(ReadFile(std::string(QLAKE_SHARED) + "/suites/naughty/blns.json"), nullptr, false);
  if (!strings.is_array()) GTEST_SKIP() << "SKIPPED: no shared suites";
  std::vector<Sale> sales;
  std::set<std::string> names;
  for (const auto& element : strings) {
    std::string text = element.get<std::string>();
    if (text.find('\0') != std::string::npos) continue;
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    std::string id = "trx-" + std::to_string(sales.size());
    sales.push_back({.id = id, .product = std::to_string(sales.size()), .product_name = quoted + "\""});
    bool is_name = !text.empty() && text.size() < 200 && text.find('/') == std::string::npos && text[0] != '.';
    if (!is_name || !names.insert(text).second) continue;
    Drop(text, "sales_transactions_1.csv", SalesCsv({{.id = "drop-" + std::to_string(names.size())}}));
  }
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv(sales));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact WHERE transaction_id LIKE 'trx-%'"),
            std::to_string(sales.size()) + "\n");
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_EQ(Sql("SELECT sum(rows_in) FROM ops.ledger"), std::to_string(sales.size() + names.size()) + "\n");
}

TEST_F(PeculiarityTest, ACorrectionReplacesExactlyItsFilesRows) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2"}}));
  Drop("2023-05-20T11", "sales_transactions_1.csv", SalesCsv({{.id = "trx-3"}, {.id = "trx-2", .units = "9"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT kind FROM quarantine.sales_transactions"), "conflicting_duplicate\n");
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1", .units = "7"}}));
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT transaction_id, units, data_hour FROM sales_transactions_fact ORDER BY 1"),
            "trx-1,7,2023-05-20T10:00:00.000000Z\ntrx-2,9,2023-05-20T11:00:00.000000Z\ntrx-3,2,2023-05-20T11:00:00."
            "000000Z\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM quarantine.sales_transactions"), "0\n");
  EXPECT_EQ(Sql("SELECT sum(units) FROM marts.product_sales_daily"), "18\n");
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(PeculiarityTest, TheDumpLeavesOnlineSalesOutAndSaysSo) {
  Drop("2023-05-20T10", "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe,2020-1-1\n2,Adam,2020-1-1\n");
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"},
                 {.id = "trx-2", .agent = "2"},
                 {.id = "trx-3", .units = "3"},
                 {.id = "trx-4", .address = "A/B/C/1"}}));
  MustRun({"run"});
  MustRun({"dump", "--date", "2023-05-20"});
  EXPECT_EQ(ReadFile(dump() + "/b2b_sales_2023-05-20.csv"),
            "sales_agent_name,product_name,total_sold_units\nAdam,Shirt,2\nZoe,Shirt,5\n");
  EXPECT_NE(ReadFile(dump() + "/b2b_sales_2023-05-20.manifest.json").find("\"online_sales_left_out\": 1"),
            std::string::npos);
}

}  // namespace
}  // namespace qlake::testing
