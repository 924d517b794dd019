// Files in, rows out: what the real drops must come to, and what each peculiarity of the source must come to.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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

// The figures were computed from the four files with decimal arithmetic, by a program that shares nothing with this
// one.
TEST_F(RealDropsTest, TheReportsOfRevenueComeOut) {
  auto rows = [&](const std::vector<std::string>& report) {
    std::vector<std::string> command = {"report"};
    command.insert(command.end(), report.begin(), report.end());
    command.insert(command.end(), {"--format", "csv", "--limit", "0"});
    std::string csv = MustRun(command);
    return csv.substr(csv.find('\n') + 1);
  };
  EXPECT_EQ(rows({"revenue-by-day", "--to", "2022-01-03"}),
            "2022-01-01,6,42,11739.6180\n2022-01-02,8,32,2312.7030\n2022-01-03,12,70,7798.3535\n");
  EXPECT_EQ(rows({"revenue-by-day", "--from", "2023-12-28"}), "2023-12-28,6,37,13252.6545\n");
  EXPECT_EQ(rows({"revenue-by-month", "--from", "2023-10-01", "--to", "2023-12-31"}),
            "2023-10,172,866,171428.3320\n2023-11,179,987,178758.7985\n2023-12,190,1080,193497.0520\n");
  EXPECT_EQ(rows({"revenue-by-branch"}),
            ",online,1500,8178,1387590.9405\n"
            "4,Houston,647,3529,651936.6985\n"
            "5,Phoenix,604,3293,582717.8685\n"
            "2,Los Angeles,620,3500,560664.3945\n"
            "3,Chicago,555,3141,550150.8670\n"
            "1,New York,574,3214,542102.5260\n");
  EXPECT_EQ(rows({"revenue-by-agent"}),
            ",online,1500,8178,1387590.9405\n"
            "3,Michael Johnson,276,1598,329824.7080\n"
            "9,Daniel Martinez,310,1739,310563.7750\n"
            "4,Emily Brown,307,1736,308205.1420\n"
            "5,David Wilson,316,1724,300880.6170\n"
            "2,Jane Smith,311,1743,292349.1500\n"
            "10,Sophia Moore,316,1706,271901.9770\n"
            "1,John Doe,288,1578,271201.8615\n"
            "7,Christopher Miller,301,1557,267908.5815\n"
            "6,Emma Taylor,266,1562,267714.7465\n"
            "8,Olivia Davis,309,1734,267021.7960\n");
  EXPECT_EQ(rows({"revenue-by-payment-method"}),
            "Credit Card,2018,11209,1883108.2590\n"
            "Cash,1469,8110,1436960.2940\n"
            "Stripe,515,2770,496066.4860\n"
            "PayPal,498,2766,459028.2560\n");
  EXPECT_EQ(rows({"online-share"}),
            "2022-01,183,61,33.33,172530.6550,53414.5555,30.96\n"
            "2022-02,183,63,34.43,182589.3855,49531.2220,27.13\n"
            "2022-03,189,51,26.98,163538.6540,46868.8320,28.66\n"
            "2022-04,188,67,35.64,181029.3410,55145.5460,30.46\n"
            "2022-05,174,53,30.46,155624.9080,44707.4975,28.73\n"
            "2022-06,190,65,34.21,175932.6085,51866.9290,29.48\n"
            "2022-07,186,55,29.57,192349.9335,61801.3105,32.13\n"
            "2022-08,191,72,37.70,179475.0400,73443.3250,40.92\n"
            "2022-09,198,53,26.77,202233.1660,62476.2850,30.89\n"
            "2022-10,205,73,35.61,224347.8045,71975.2800,32.08\n"
            "2022-11,177,61,34.46,158431.4350,53920.0455,34.03\n"
            "2022-12,196,62,31.63,176795.9530,47711.3515,26.99\n"
            "2023-01,169,62,36.69,126489.1285,52310.6645,41.36\n"
            "2023-02,183,69,37.70,150468.7140,61524.0305,40.89\n"
            "2023-03,193,76,39.38,193922.8700,79926.7250,41.22\n"
            "2023-04,191,68,35.60,192070.7605,59065.4155,30.75\n"
            "2023-05,199,67,33.67,172897.6755,58253.2610,33.69\n"
            "2023-06,186,65,34.95,188238.5450,72052.1655,38.28\n"
            "2023-07,204,70,34.31,194604.9625,57073.1730,29.33\n"
            "2023-08,202,71,35.15,191590.4285,88985.5575,46.45\n"
            "2023-09,172,45,26.16,156317.1440,53940.2475,34.51\n"
            "2023-10,172,48,27.91,171428.3320,34957.8160,20.39\n"
            "2023-11,179,64,35.75,178758.7985,50678.2670,28.35\n"
            "2023-12,190,59,31.05,193497.0520,45961.4380,23.75\n");
  EXPECT_EQ(rows({"discount-cost"}),
            "5,452,519009.6500,493059.1675,25950.4825\n"
            "10,421,427096.7400,384387.0660,42709.6740\n"
            "15,449,471755.9200,400992.5320,70763.3880\n"
            "20,478,515973.2400,412778.5920,103194.6480\n"
            "25,458,480379.8500,360284.8875,120094.9625\n"
            "all,2258,2414215.4000,2051502.2450,362713.1550\n");
  EXPECT_EQ(rows({"repeat-customers"}), "101,101,100.00,4275163.2950,4275163.2950,100.00\n");
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

TEST_F(PeculiarityTest, ABranchAndAnAgentThatOnlyTransactionsNameAreReportedByTheirIds) {
  Drop("2023-05-20T10", "branches_1.csv", "branch_id,location,establish_date,class\n1,Oslo,2020-1-1,A\n");
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1"},
                 {.id = "trx-2", .agent = "42", .branch = "77", .units = "1"},
                 {.id = "trx-3", .address = "1 A/Oslo/OS/01"}}));
  MustRun({"run"});
  EXPECT_EQ(MustRun({"report", "revenue-by-branch", "--format", "csv"}),
            "branch_id,branch,number_of_sales,total_units_sold,total_revenue\n"
            ",online,1,2,21.0000\n1,Oslo,1,2,21.0000\n77,77,1,1,10.5000\n");
  EXPECT_EQ(MustRun({"report", "revenue-by-agent", "--format", "csv"}),
            "sales_agent_id,sales_agent,number_of_sales,total_units_sold,total_revenue\n"
            ",online,1,2,21.0000\n1,1,1,2,21.0000\n42,42,1,1,10.5000\n");
}

// 1 of 8 is 12.5 %, 1 of 3 and 2 of 3 do not end, 1 of 32 is 3.125 %.
TEST_F(PeculiarityTest, SharesAreExactAndRoundedHalfUp) {
  auto drop_month = [&](const std::string& month, int sales) {
    std::vector<Sale> rows;
    for (int i = 0; i < sales; ++i) {
      std::string id = "trx-" + month + "-" + std::to_string(i);
      rows.push_back({.id = id, .date = "2023-" + month + "-1", .customer = i < 2 ? "1" : id, .price = "0.01"});
    }
    rows[0].address = "1 A/Oslo/OS/01";
    Drop("2023-12-20T" + month, "sales_transactions_1.csv", SalesCsv(rows));
  };
  drop_month("02", 8);
  drop_month("03", 3);
  drop_month("04", 32);
  MustRun({"run"});
  EXPECT_EQ(MustRun({"report", "online-share", "--format", "csv"}),
            "month,number_of_sales,online_sales,online_percent_of_sales,total_revenue,online_revenue,"
            "online_percent_of_revenue\n"
            "2023-02,8,1,12.50,0.1600,0.0200,12.50\n"
            "2023-03,3,1,33.33,0.0600,0.0200,33.33\n"
            "2023-04,32,1,3.13,0.6400,0.0200,3.13\n");
  EXPECT_EQ(MustRun({"report", "repeat-customers", "--format", "csv"}),
            "customers,repeat_customers,percent_of_customers,total_revenue,repeat_revenue,percent_of_revenue\n"
            "38,1,2.63,0.8600,0.1200,13.95\n");
  auto refused = Run({"report", "repeat-customers", "--from", "2023-01-01"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("the report takes no dates"), std::string::npos) << refused.err;
}

TEST_F(PeculiarityTest, AMartThatIsNewToTheLakeBeginsWithTheWholeFact) {
  std::string project = folder() + "/project";
  ASSERT_EQ(Qlake({"init", project}).exit_code, 0);
  std::filesystem::remove(project + "/models/marts/sales_daily.sql");
  std::filesystem::remove(project + "/models/marts/customer_sales.sql");
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "5"}}));
  MustRun({"ingest"});
  MustRun({"process", "--project", project});
  EXPECT_EQ(Run({"report", "revenue-by-day"}).exit_code, 2);
  // The same batch takes one of the earlier rows away.
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  Drop("2023-05-20T11", "sales_transactions_1.csv", SalesCsv({{.id = "trx-3", .date = "2023-5-21"}}));
  MustRun({"run"});
  EXPECT_EQ(MustRun({"report", "revenue-by-day", "--format", "csv"}),
            "transaction_date,number_of_sales,total_units_sold,total_revenue\n"
            "2023-05-20,1,2,21.0000\n2023-05-21,1,2,21.0000\n");
  EXPECT_EQ(Sql("SELECT sum(sales_count) FROM marts.product_sales_daily"), "2\n");
  EXPECT_EQ(Sql("SELECT sum(sales_count) FROM marts.customer_sales"), "2\n");
}

TEST_F(PeculiarityTest, WhatACorrectionTookAwayIsInNoReport) {
  Drop("2023-05-20T10", "sales_transactions_1.csv",
       SalesCsv({{.id = "trx-1", .customer = "1", .agent = "7", .branch = "9", .product = "5", .offer = "2"},
                 {.id = "trx-2", .date = "2022-01-01", .address = "1 A/Rome/RO/01"},
                 {.id = "trx-3"}}));
  MustRun({"run"});
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-3"}}));
  MustRun({"run"});
  auto reports = base::Json::parse(MustRun({"report", "--list", "--json"}));
  size_t reports_of_sales = 0;
  for (const auto& report : reports) {
    std::string name = report["report"].get<std::string>();
    if (name.starts_with("app-")) continue;
    ++reports_of_sales;
    bool is_of_all_sales = name != "lowest-online-cities" && name != "offers-per-product" && name != "discount-cost";
    EXPECT_EQ(base::Json::parse(MustRun({"report", name, "--format", "json"})).size(), is_of_all_sales ? 1U : 0U)
        << name;
  }
  EXPECT_EQ(reports_of_sales, 12U);
  MustRun({"dump", "--date", "2023-05-20"});
  EXPECT_EQ(ReadFile(dump() + "/b2b_sales_2023-05-20.csv"),
            "sales_agent_name,product_name,total_sold_units\n,Shirt,2\n");
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

// Its rows come in no order of their branches: thousands of them must not become a file each time that the branch
// changes.
TEST_F(PeculiarityTest, AFactPartitionedByATextIsOneFileAPartition) {
  std::string project = folder() + "/project";
  ASSERT_EQ(Qlake({"init", project}).exit_code, 0);
  std::string path = project + "/models/warehouse/sales_transactions_fact.sql";
  std::string text = ReadFile(path);
  std::string by_date = "-- partition: transaction_date";
  ASSERT_NE(text.find(by_date), std::string::npos);
  std::ofstream(path) << text.replace(text.find(by_date), by_date.size(), "-- partition: branch_id");
  std::vector<Sale> sales;
  for (int i = 0; i < 6000; ++i) sales.push_back({.id = "trx-" + std::to_string(i), .branch = std::to_string(i % 3)});
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv(sales));
  MustRun({"run", "--project", project});
  EXPECT_EQ(Sql("SELECT count(*) FROM sales_transactions_fact"), "6000\n");
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(lake() + "/warehouse/sales_transactions_fact")) {
    files += entry.path().extension() == ".parquet" ? 1 : 0;
  }
  EXPECT_EQ(files, 3);
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
