#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "lake/writer.h"
#include "model/model.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

constexpr const char* kSales =
    "-- kind: aggregate by day, product\n"
    "-- count: sales_count\n"
    "-- source: sales\n"
    "-- Sales of a product on a day.\n"
    "SELECT day, product, CAST(sum(_sign) AS BIGINT) AS sales_count, CAST(sum(_sign * paid) AS DECIMAL(38,2)) AS paid\n"
    "FROM changes.fact\n"
    "GROUP BY day, product\n";

// A mart over changes that the test makes up.
class AggregateTest : public testing::Test {
 protected:
  AggregateTest()
      : folder_(MakeFolder()),
        lake_({.root = folder_}, base::SystemClock()),
        writer_(lake_, "run", std::chrono::milliseconds(0)),
        model_(ParseModel("models/marts/sales_daily.sql", kSales)) {
    // Every change so far, and those of one batch.
    Run("CREATE SCHEMA changes; CREATE TABLE changes.all_rows (day DATE, product VARCHAR, paid DECIMAL(18,2), _sign "
        "INTEGER)");
    Run("CREATE TABLE changes.fact AS SELECT * FROM changes.all_rows");
  }
  ~AggregateTest() override { std::filesystem::remove_all(folder_); }

  static std::string MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_aggregate_XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  void Run(const std::string& sql) { lake_.database().Run(sql); }
  int64_t Integer(const std::string& sql) { return lake_.database().QueryInteger(sql); }

  TableBuild Build() { return BuildAggregate({lake_, lake_.database(), model_}); }
  engine::ApplyReport Commit(const TableBuild& build) {
    return writer_.Commit(build.target, build.change, {}, "WRITE");
  }
  // One batch that brings the rows of a SELECT of day, product, paid, _sign.
  engine::ApplyReport Add(const std::string& rows) {
    Run("DELETE FROM changes.fact; INSERT INTO changes.fact SELECT day, product, paid, _sign FROM (" + rows + ")");
    Run("INSERT INTO changes.all_rows FROM changes.fact");
    auto build = Build();
    return build.changes ? Commit(build) : engine::ApplyReport{};
  }
  delta::Snapshot Mart() { return *lake_.Load(model_.table); }
  // Keys whose sums are not those of all changes so far.
  int64_t WrongKeys() {
    lake_.database().DefineTable("marts.sales_daily", Mart());
    std::string sums =
        "SELECT day, product, sum({}) AS n, sum({} * paid) AS paid FROM {} GROUP BY day, product HAVING sum({}) <> 0";
    return Integer(fmt::format("SELECT count(*) FROM (({0}) EXCEPT ({1}) UNION ALL (({1}) EXCEPT ({0})))",
                               fmt::format(fmt::runtime(sums), "sales_count", 1, "marts.sales_daily", "sales_count"),
                               fmt::format(fmt::runtime(sums), "_sign", "_sign", "changes.all_rows", "_sign")));
  }

  std::string folder_;
  lake::Lake lake_;
  lake::Writer writer_;
  Model model_;
};

std::string Rows(int count, int seed) {
  return fmt::format(
      "SELECT DATE '2023-01-01' + CAST(hash(i, {0}) % 700 AS INTEGER) AS day, CAST(hash(i, {0}, 1) % 30 AS VARCHAR) AS "
      "product, CAST(hash(i, {0}, 2) % 10000 AS DECIMAL(18,2)) AS paid, 1 AS _sign FROM range({1}) r(i)",
      seed, count);
}

TEST_F(AggregateTest, ABatchIsOneSmallFileAndRowsAddUp) {
  Add(Rows(100'000, 1));
  EXPECT_EQ(Mart().files().size(), 1U);
  auto report = Add(Rows(1000, 2));
  EXPECT_EQ(report.files_added, 1);
  EXPECT_EQ(report.files_removed, 0);
  EXPECT_EQ(report.rows_removed, 0);
  EXPECT_LE(report.rows_inserted, 1000);
  EXPECT_EQ(WrongKeys(), 0);
  EXPECT_EQ(Mart().metadata().description, "Sales of a product on a day. Rows add up: sum by day, product.");
}

TEST_F(AggregateTest, TwoHundredBatchesLeaveFewFilesAndTheSumsOfAllChanges) {
  size_t files_max = 0;
  int64_t rows_written = 0;
  for (int batch = 0; batch < 200; ++batch) {
    // Every tenth one corrects rows of the batch before it, and moves some of them to another day.
    std::string rows = Rows(300, batch);
    if (batch % 10 == 9) {
      std::string before = Rows(300, batch - 1);
      rows += fmt::format(
          " UNION ALL SELECT day, product, paid, -1 FROM ({0}) UNION ALL SELECT day + 1, product, paid + 1, "
          "1 FROM ({0}) WHERE product <> '7'",
          before);
    }
    auto report = Add(rows);
    rows_written += report.rows_inserted;
    files_max = std::max(files_max, Mart().files().size());
    ASSERT_EQ(batch % 20 == 19 ? WrongKeys() : 0, 0) << batch;
  }
  EXPECT_EQ(WrongKeys(), 0);
  EXPECT_LE(files_max, 14U);
  EXPECT_LE(rows_written, 200 * 300 * 5);
}

TEST_F(AggregateTest, AKeyThatIsGoneGoesWithTheNextFoldOfAllFiles) {
  Add("SELECT DATE '2023-05-20' AS day, 'a' AS product, 1.50 AS paid, 1 AS _sign");
  Add("SELECT DATE '2023-05-20' AS day, 'a' AS product, 1.50 AS paid, -1 AS _sign UNION ALL "
      "SELECT DATE '2023-05-20', 'b', 2.50, 1");
  EXPECT_EQ(WrongKeys(), 0);
  lake_.database().DefineTable("marts.sales_daily", Mart());
  EXPECT_EQ(Integer("SELECT count(*) FROM marts.sales_daily"), 1) << "the second batch held more rows than the table";
  Add("SELECT DATE '2023-05-20' AS day, 'b' AS product, 2.50 AS paid, -1 AS _sign");
  EXPECT_TRUE(Mart().files().empty());
}

TEST_F(AggregateTest, ARowOfCountZeroStaysAnAddendUntilEverythingIsFolded) {
  Add(Rows(20'000, 1));
  // Another price under a key that stays: one row goes, one comes.
  auto report =
      Add("SELECT DATE '2023-05-20' AS day, 'x' AS product, 2.00 AS paid, 1 AS _sign UNION ALL "
          "SELECT DATE '2023-05-20', 'x', 1.50, -1 UNION ALL SELECT DATE '2023-05-21', 'x', 7, 1 UNION ALL "
          "SELECT DATE '2023-05-21', 'x', 7, -1");
  EXPECT_EQ(report.rows_inserted, 1) << "what cancels out is not written";
  report = Add("SELECT DATE '2023-05-20' AS day, 'y' AS product, 2.00 AS paid, 1 AS _sign");
  EXPECT_EQ(report.files_removed, 1);
  EXPECT_EQ(report.rows_removed, 1);
  EXPECT_EQ(report.rows_inserted, 2);
  lake_.database().DefineTable("marts.sales_daily", Mart());
  EXPECT_EQ(Integer("SELECT count(*) FROM marts.sales_daily WHERE sales_count = 0 AND paid = 0.5"), 1);
  EXPECT_EQ(WrongKeys(), 0);
}

TEST_F(AggregateTest, AChangeThatCancelsOutIsNoChange) {
  Add(Rows(10, 1));
  Run("DELETE FROM changes.fact; INSERT INTO changes.fact SELECT DATE '2023-05-20', 'a', 1, 1 UNION ALL SELECT DATE "
      "'2023-05-20', 'a', 1, -1");
  EXPECT_FALSE(Build().changes);
}

TEST_F(AggregateTest, AFileThatAnotherWriterReplacedMeanwhileIsNotFoldedTwice) {
  Add(Rows(10, 1));
  Run("DELETE FROM changes.fact; INSERT INTO changes.fact " + Rows(1000, 2));
  auto build = Build();
  ASSERT_EQ(build.change.fold_files.size(), 1U);
  auto compacted = build;
  compacted.change = {.insert_sql = "SELECT * FROM folding.sales_daily", .replace = true};
  Commit(compacted);
  EXPECT_THROW(Commit(build), base::Error);
  // Done again, it folds the file that is there now.
  Commit(Build());
  Run("INSERT INTO changes.all_rows FROM changes.fact");
  EXPECT_EQ(WrongKeys(), 0);
  EXPECT_EQ(Mart().files().size(), 1U);
}

TEST_F(AggregateTest, AColumnThatTheModelGainsIsSummedFromThenOn) {
  Add(Rows(10, 1));
  std::string grown = kSales;
  grown.replace(grown.find(", CAST(sum(_sign * paid)"), 0, ", CAST(sum(_sign * 2) AS BIGINT) AS twice");
  model_ = ParseModel("models/marts/sales_daily.sql", grown);
  Add(Rows(1000, 2));
  EXPECT_EQ(Mart().files().size(), 1U);
  EXPECT_EQ(WrongKeys(), 0);
  EXPECT_EQ(Integer("SELECT CAST(sum(twice) AS BIGINT) FROM marts.sales_daily"), 2000);
}

TEST(AggregateModelTest, AnAggregateHasNoPartitions) {
  std::string text = kSales;
  EXPECT_THROW(ParseModel("models/marts/sales_daily.sql", "-- partition: day\n" + text), base::Error);
}

TEST(AggregateModelTest, OnlyAggregatesOfEventsHaveALeastAndAGreatest) {
  std::string text = std::string("-- least: first_at\n-- greatest: last_at, max_paid\n") + kSales;
  auto model = ParseModel("events/marts/sales_daily.sql", text);
  EXPECT_EQ(model.least, std::vector<std::string>{"first_at"});
  EXPECT_EQ(model.greatest, (std::vector<std::string>{"last_at", "max_paid"}));
  EXPECT_THROW(ParseModel("models/marts/sales_daily.sql", text), base::Error);
}

}  // namespace
}  // namespace qlake::model
