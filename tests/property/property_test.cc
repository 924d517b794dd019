// What must hold whatever comes: run twice is run once, the order of arrival does not matter, one big batch is hour by
// hour, the ledger closes. Seeds are printed; QLAKE_SEED replays one, QLAKE_ROUNDS asks for more.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <random>

#include "base/json.h"
#include "base/test_seed.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using Random = std::mt19937_64;

struct DroppedFile {
  std::string drop;
  std::string name;
  std::string text;
  std::string first_text;  // Not empty: what was dropped under this name before; `text` corrects it.
};

size_t Below(Random& random, size_t limit) { return static_cast<size_t>(random() % limit); }

std::string Pick(Random& random, std::initializer_list<const char*> options) {
  return *(options.begin() + Below(random, options.size()));
}

// Few ids, customers, products and dates, so that duplicates, conflicts and changed names come up all the time.
Sale RandomSale(Random& random) {
  Sale sale;
  sale.id = "trx-" + std::to_string(Below(random, 60));
  sale.date = "2023-5-" + std::to_string(1 + Below(random, 6));
  sale.customer = std::to_string(85000 + Below(random, 6));
  sale.first_name = Pick(random, {"Ann", "Bob", "Cid"});
  sale.email = "ann.lee@gmail.com" + Pick(random, {";", "'", "]x", "m", ""});
  sale.agent = std::to_string(1 + Below(random, 4));
  sale.branch = std::to_string(1 + Below(random, 3));
  sale.product = std::to_string(1 + Below(random, 4));
  sale.product_name = Pick(random, {"Shirt", "Boots"});
  sale.offer = Pick(random, {"", "", "1", "5", "13"});
  sale.units = Pick(random, {"1", "2", "3", "0", "x"});
  sale.price = Pick(random, {"10.50", "0.01", "99.99"});
  if (Below(random, 3) == 0)
    sale.address = Pick(random, {"1 A St/Oslo/OS/00123", "2 1/2 B St/Rome/RO/99999", "nowhere"});
  return sale;
}

std::string RandomSales(Random& random) {
  std::vector<Sale> sales(Below(random, 30));
  for (auto& sale : sales) sale = RandomSale(random);
  std::string text = SalesCsv(sales);
  if (Below(random, 6) == 0) text += "\"unclosed,1,2\r\n" + SaleLine(RandomSale(random));
  return text;
}

std::string RandomAgents(Random& random) {
  std::string text = "sales_person_id,name,hire_date\n";
  for (int id = 1; id <= 4; ++id) {
    if (Below(random, 3) > 0)
      text += std::to_string(id) + "," + Pick(random, {"Zoe", "Adam"}) + ",2020-1-" + Pick(random, {"1", "2"}) + "\n";
  }
  return text;
}

// Every file of some hours, some of them corrected later.
std::vector<DroppedFile> RandomHistory(Random& random) {
  std::vector<DroppedFile> files;
  for (int hour = 0; hour < 5; ++hour) {
    std::string drop = "2023-05-20T0" + std::to_string(hour);
    for (int part = 0; part < (Below(random, 4) == 0 ? 2 : 1); ++part) {
      files.push_back({drop, "sales_transactions_" + std::to_string(part) + ".csv", RandomSales(random), ""});
      if (Below(random, 5) == 0) files.back().first_text = RandomSales(random);
    }
    if (Below(random, 3) > 0) files.push_back({drop, "sales_agents_1.csv", RandomAgents(random), ""});
    if (Below(random, 4) == 0 && !files.empty())
      files.push_back({drop, "sales_transactions_9.csv", files[Below(random, files.size())].text, ""});
  }
  // A copy of an agents file under a transactions name has no transactions header: one quarantined row. That is wanted.
  return files;
}

class ArrivalTest : public LakeTest, public ::testing::WithParamInterface<int> {};

// Drops every file at once, in the order of hours, and runs once.
class Reference : public LakeTest {
 public:
  void TestBody() override {}
  std::string Compute(const std::vector<DroppedFile>& files) {
    for (const auto& file : files) Drop(file.drop, file.name, file.text);
    MustRun({"run"});
    EXPECT_EQ(UnclosedLedger(), "");
    return Content();
  }
};

TEST_P(ArrivalTest, AnyOrderOfArrivalGivesTheSameLake) {
  uint64_t seed = base::TestSeed();
  Random random(seed);
  auto files = RandomHistory(random);
  std::string expected = Reference().Compute(files);

  auto arrival = files;
  std::shuffle(arrival.begin(), arrival.end(), random);
  for (const auto& file : arrival) {
    Drop(file.drop, file.name, file.first_text.empty() ? file.text : file.first_text);
    if (Below(random, 2) == 0) MustRun({"ingest"});
    if (Below(random, 3) == 0) MustRun({"process"});
  }
  MustRun({"run"});
  for (const auto& file : arrival) {
    if (!file.first_text.empty()) Drop(file.drop, file.name, file.text);
  }
  MustRun({"run"});
  MustRun({"run"});
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_EQ(Content(), expected) << "QLAKE_SEED=" << seed;
}

int Rounds() {
  const char* rounds = std::getenv("QLAKE_ROUNDS");
  return rounds != nullptr ? std::atoi(rounds) : 3;
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArrivalTest, ::testing::Range(0, Rounds()));

class BatchTest : public LakeTest {};

TEST_F(BatchTest, OneBigBatchIsHourByHour) {
  Random random(7);
  auto files = RandomHistory(random);
  std::string expected = Reference().Compute(files);
  std::string drop;
  for (const auto& file : files) {
    if (file.drop != drop) MustRun({"run"});
    drop = file.drop;
    Drop(file.drop, file.name, file.text);
  }
  MustRun({"run"});
  EXPECT_EQ(Content(), expected);
}

class MaintenanceTest : public LakeTest, public ::testing::WithParamInterface<int> {
 protected:
  // Whatever keeps a lake in shape, at any time between the steps of the job.
  void Disturb(Random& random) {
    if (published_.empty()) return;  // There is no lake yet.
    switch (Below(random, 7)) {
      case 0:
        MustRun({"compact", "--open", "--min-files", "2"});
        break;
      case 1:
        MustRun({"compact", "--budget-bytes", "1B"});
        break;
      case 2:
        MustRun({"compact", "raw", "--open", "--retain", Pick(random, {"0s", "1d"})});
        break;
      case 3:
        MustRun({"vacuum", "--retain", Pick(random, {"0s", "1d"})});
        break;
      case 4:
        MustRun({"verify", "--checksum"});
        break;
      case 5:
        Restore(random);
        break;
      default:
        break;
    }
  }
  void NotePublication() {
    auto status = base::Json::parse(MustRun({"status", "--json"}));
    if (status["published_at"].is_string()) published_.push_back(status["published_at"].get<std::string>());
  }

 private:
  // To any publication that there was; a vacuum without retention may have taken its files, then it is refused.
  void Restore(Random& random) {
    auto result = Run({"restore", "--to", published_[Below(random, published_.size())]});
    EXPECT_TRUE(result.exit_code == 0 || result.err.find("vacuumed") != std::string::npos) << result.err;
  }

  std::vector<std::string> published_;
};

TEST_P(MaintenanceTest, AHistoryWithMaintenanceInBetweenIsTheHistoryWithout) {
  uint64_t seed = base::TestSeed();
  Random random(seed);
  auto files = RandomHistory(random);
  std::string expected = Reference().Compute(files);
  auto arrival = files;
  std::shuffle(arrival.begin(), arrival.end(), random);
  for (const auto& file : arrival) {
    Drop(file.drop, file.name, file.first_text.empty() ? file.text : file.first_text);
    if (Below(random, 2) == 0) {
      MustRun({"run"});
      NotePublication();
    }
    Disturb(random);
  }
  MustRun({"run"});
  for (const auto& file : arrival) {
    if (!file.first_text.empty()) Drop(file.drop, file.name, file.text);
  }
  Disturb(random);
  MustRun({"run"});
  Disturb(random);
  MustRun({"run"});
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_EQ(Content(), expected) << "QLAKE_SEED=" << seed;
  auto verified = Run({"verify", "--checksum"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << "QLAKE_SEED=" << seed;
}

INSTANTIATE_TEST_SUITE_P(Seeds, MaintenanceTest, ::testing::Range(0, Rounds()));

// Twelve hours, so that marts are folded, and a correction, so that sums are taken away.
TEST_F(BatchTest, MartsAddUpToTheFactHourAfterHour) {
  Random random(11);
  std::string first_text;
  for (int hour = 10; hour < 22; ++hour) {
    std::string text = RandomSales(random);
    if (hour == 12) first_text = text;
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv", text);
    MustRun({"run"});
  }
  Drop("2023-05-20T12", "sales_transactions_1.csv", RandomSales(random));
  Drop("2023-05-20T22", "sales_transactions_1.csv", first_text);
  MustRun({"run"});
  auto compare = [&](const std::string& mart, const std::string& keys) {
    std::string sums = "SELECT " + keys +
                       ", sum(sales_count) AS n, sum(units) AS units, sum(total_paid_price) AS paid FROM " + mart +
                       " GROUP BY " + keys + " HAVING sum(sales_count) <> 0";
    std::string anew = "SELECT " + keys +
                       ", count(*) AS n, sum(units) AS units, sum(total_paid_price) AS paid FROM "
                       "sales_transactions_fact GROUP BY " +
                       keys;
    EXPECT_EQ(Sql("(" + sums + " EXCEPT " + anew + ") UNION ALL (" + anew + " EXCEPT (" + sums + "))"), "") << mart;
    EXPECT_NE(Sql(sums), "") << mart;
  };
  compare("marts.product_sales_daily", "transaction_date, product_id, discount_percentage");
  compare("marts.sales_daily", "transaction_date, branch_id, sales_agent_id, payment_method, is_online");
  compare("marts.customer_sales", "customer_id");
}

}  // namespace
}  // namespace qlake::testing
