#include "support/lake_fixture.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

namespace qlake::testing {

namespace fs = std::filesystem;

LakeTest::LakeTest() {
  char path[] = "/tmp/qlake_lake_XXXXXX";
  folder_ = mkdtemp(path);
  fs::create_directories(landing());
}

LakeTest::~LakeTest() {
  if (std::getenv("QLAKE_KEEP") != nullptr) {
    std::cerr << "kept: " << folder_ << "\n";
    return;
  }
  fs::remove_all(folder_);
}

void LakeTest::Drop(const std::string& drop, const std::string& name, const std::string& text) const {
  fs::path folder = fs::path(landing()) / drop;
  fs::create_directories(folder);
  std::ofstream(folder / ("." + name), std::ios::binary) << text;
  fs::rename(folder / ("." + name), folder / name);
}

bool LakeTest::DropGroup(int group, const std::string& drop) const {
  fs::path from = fs::path(QLAKE_SHARED) / "data" / ("group" + std::to_string(group));
  if (!fs::exists(from)) {
    std::cerr << "SKIPPED: the real drops are not here: " << from << "\n";
    return false;
  }
  for (const auto& file : fs::directory_iterator(from)) Drop(drop, file.path().filename(), ReadFile(file.path()));
  return true;
}

void LakeTest::RemoveDrop(const std::string& drop) const { fs::remove_all(fs::path(landing()) / drop); }

ProcessResult LakeTest::Run(const std::vector<std::string>& arguments, const Environment& environment) const {
  static const std::set<std::string> reads_landing = {"ingest", "run"};
  static const std::set<std::string> writes_dumps = {"run", "dump"};
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"--lake", lake()});
  if (reads_landing.contains(arguments[0])) all.insert(all.end(), {"--landing", landing()});
  if (writes_dumps.contains(arguments[0])) all.insert(all.end(), {"--dump-dir", dump()});
  return Qlake(all, environment, folder_);
}

std::string LakeTest::MustRun(const std::vector<std::string>& arguments, const Environment& environment) const {
  auto result = Run(arguments, environment);
  std::string command;
  for (const auto& argument : arguments) command += " " + argument;
  EXPECT_EQ(result.exit_code, 0) << "qlake" << command << "\n" << result.err;
  return result.out;
}

std::string LakeTest::Sql(const std::string& query) const {
  std::string csv = MustRun({"sql", query, "--format", "csv", "--limit", "0"});
  size_t header = csv.find('\n');
  return header == std::string::npos ? "" : csv.substr(header + 1);
}

std::string LakeTest::Content() const {
  // The rows of a mart add up: what it says is the sums of its keys.
  auto sums = [](const std::string& keys, const std::string& table, const std::vector<std::string>& columns) {
    std::string select = "(SELECT " + keys;
    for (const auto& column : columns) select += ", sum(" + column + ") AS " + column;
    return select + " FROM " + table + " GROUP BY " + keys + " HAVING sum(sales_count) <> 0)";
  };
  static const std::map<std::string, std::string> tables = {
      {"warehouse.sales_transactions_fact", ""},
      {"warehouse.customer_dim", ""},
      {"warehouse.product_dim", ""},
      {"warehouse.branch_dim", ""},
      {"warehouse.sales_agent_dim", ""},
      {"warehouse.date_dim", ""},
      {"marts.product_sales_daily",
       sums("transaction_date, product_id, discount_percentage", "marts.product_sales_daily",
            {"sales_count", "units", "total_price", "total_paid_price"})},
      {"marts.online_city_sales_daily",
       sums("transaction_date, state, city", "marts.online_city_sales_daily", {"sales_count", "total_online_sales"})},
      {"marts.agent_product_sales_daily",
       sums("transaction_date, sales_agent_id, product_id", "marts.agent_product_sales_daily",
            {"sales_count", "units", "online_sales_count"})},
      {"marts.sales_daily", sums("transaction_date, branch_id, sales_agent_id, payment_method, is_online",
                                 "marts.sales_daily", {"sales_count", "units", "total_price", "total_paid_price"})},
      {"marts.customer_sales",
       sums("customer_id", "marts.customer_sales", {"sales_count", "units", "total_paid_price"})},
      {"quarantine.sales_transactions", ""},
      {"quarantine.branches", ""},
      {"quarantine.sales_agents", ""}};
  // One query for all: a process a table would be most of the time of the crash tests.
  std::string query;
  for (const auto& [table, rows] : tables) {
    query += (query.empty() ? "" : " UNION ALL ") +
             ("SELECT '" + table + "' AS name, CAST(to_json(t) AS VARCHAR) AS content FROM ") +
             (rows.empty() ? table : rows) + " AS t";
  }
  return Sql(query + " ORDER BY name, content") + "== ledger\n" + MustRun({"ledger", "--format", "csv"});
}

std::string LakeTest::UnclosedLedger() const {
  return Sql(
      "SELECT _file_id, rows_in, loaded, quarantined, duplicate FROM ops.ledger "
      "QUALIFY row_number() OVER (PARTITION BY _file_id ORDER BY to_seq DESC) = 1 AND rows_in <> loaded + quarantined "
      "+ duplicate");
}

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string SalesHeader() {
  return "transaction_date,transaction_id,customer_id,customer_fname,cusomter_lname,cusomter_email,sales_agent_id,"
         "branch_id,"
         "product_id,product_name,product_category,offer_1,offer_2,offer_3,offer_4,offer_5,units,unit_price,is_online,"
         "payment_method,shipping_address\r\n";
}

std::string SaleLine(const Sale& sale) {
  bool online = !sale.address.empty();
  std::string offers;
  for (char offer = '1'; offer <= '5'; ++offer) offers += sale.offer.find(offer) == std::string::npos ? "," : "True,";
  return sale.date + "," + sale.id + "," + sale.customer + "," + sale.first_name + "," + sale.last_name + "," +
         sale.email + "," + (online ? "," : sale.agent + ",") + (online ? "," : sale.branch + ",") + sale.product +
         "," + sale.product_name + ",Clothing," + offers + sale.units + "," + sale.price + "," +
         (online ? "yes" : "no") + ",Cash" + (online ? "," + sale.address : "") + "\r\n";
}

std::string SalesCsv(const std::vector<Sale>& sales) {
  std::string text = SalesHeader();
  for (const auto& sale : sales) text += SaleLine(sale);
  return text;
}

}  // namespace qlake::testing
