// The lake as engines that no one here wrote see it: deltalake, Polars, DuckDB's delta extension and Spark must read
// the same rows that `qlake sql` reads, at every version; and what they write between our runs must not disturb us.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/clock.h"
#include "engine/duckdb/database.h"
#include "storage/storage.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

class ConformanceTest : public LakeTest, public ::testing::WithParamInterface<ForeignEngine> {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(GetParam()); !missing.empty()) GTEST_SKIP() << missing;
  }
  void DropHours(int hours, const std::string& dates) const {
    auto simulated = Qlake({"simulate", "drops", "--out", landing(), "--hours", std::to_string(hours), "--rows", "300",
                            "--seed", "11", "--start", "2023-12-28T10", "--dirty", "0.02", "--dates", dates});
    ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  }
  // The real drops where they are, else simulated ones; each is a run of its own.
  void RunFourDrops() const {
    for (int group = 1; group <= 4; ++group) {
      if (!DropGroup(group, "2023-05-20T1" + std::to_string(group))) return RunSimulatedDrops();
      MustRun({"run"});
    }
  }
  void RunSimulatedDrops() const {
    DropHours(4, "spread");
    MustRun({"run"});
  }
  // Every table of the lake, by its path below it.
  std::vector<std::string> Tables() const {
    std::vector<std::string> tables;
    for (const auto& entry : fs::recursive_directory_iterator(lake())) {
      if (entry.path().filename() == "_delta_log") {
        tables.push_back(entry.path().parent_path().lexically_relative(lake()));
      }
    }
    std::ranges::sort(tables);
    return tables;
  }
  std::vector<TableState> EveryVersion(const std::string& table) const {
    std::vector<TableState> states;
    for (int64_t version = 0; fs::exists(fmt::format("{}/{}/_delta_log/{:020}.json", lake(), table, version));
         ++version) {
      states.push_back({lake() + "/" + table, std::to_string(version)});
    }
    return states;
  }
};

TEST_P(ConformanceTest, EveryTableHasTheSameRows) {
  RunFourDrops();
  std::vector<TableState> states;
  for (const auto& table : Tables()) states.push_back({lake() + "/" + table, ""});
  EXPECT_GE(states.size(), 18U);
  for (const char* table : {"warehouse/customer_dim", "marts/customer_sales"}) {
    for (const auto& state : EveryVersion(table)) states.push_back(state);
  }
  EXPECT_EQ(CompareRows(GetParam(), states), "");
}

class CompactedLakeTest : public LakeTest {};

// A day of hours that nobody compacted, then all at once: everybody reads the rows that were there before.
TEST_F(CompactedLakeTest, ADayOfHoursReadsTheSameAfterACompaction) {
  for (ForeignEngine engine : kForeignEngines) {
    if (std::string missing = MissingInstallation(engine); !missing.empty()) GTEST_SKIP() << missing;
  }
  ASSERT_EQ(Qlake({"simulate", "drops", "--out", folder() + "/coming", "--hours", "24", "--rows", "40", "--seed", "5",
                   "--start", "2023-12-28T00"})
                .exit_code,
            0);
  for (int hour = 0; hour < 24; ++hour) {
    std::string drop = fmt::format("2023-12-28T{:02}", hour);
    fs::rename(folder() + "/coming/" + drop, landing() + "/" + drop);
    MustRun({"run"});
  }
  std::map<std::string, std::string> before;
  auto select = [](const std::string& table) { return "SELECT * FROM " + table + " ORDER BY ALL"; };
  for (const char* table : {"warehouse.sales_transactions_fact", "warehouse.customer_dim", "marts.product_sales_daily",
                            "raw.files", "ops.ledger"}) {
    before[table] = Sql(select(table));
  }
  MustRun({"compact", "--min-files", "2"});
  std::vector<TableState> states;
  for (const auto& [table, rows] : before) {
    EXPECT_EQ(Sql(select(table)), rows) << table;
    states.push_back({lake() + "/" + std::string(table).replace(table.find('.'), 1, "/"), ""});
  }
  for (ForeignEngine engine : kForeignEngines) EXPECT_EQ(CompareRows(engine, states), "");
}

// Types and values that the retailer's tables do not have, partitions with characters that mean something to paths,
// URLs, patterns and SQL, rows rewritten and a column added later.
TEST_P(ConformanceTest, OddValuesAndPartitionsAreTheSame) {
  auto storage = storage::OpenLocalStorage(lake());
  engine::Database database(*storage, {});
  const std::string rows = R"((SELECT * FROM (VALUES
      (1, true, 9223372036854775807, 0.1::DOUBLE, 1.5::DECIMAL(4,2), 99999999999999.9999::DECIMAL(18,4),
       -12345678901234567890.123::DECIMAL(38,3), 'Köln' || chr(10) || '"', '\x00\xFF'::BLOB, DATE '1969-12-31',
       TIMESTAMPTZ '2023-05-20 14:03:07.000001+00', 'a/b=c%20d', DATE '2023-05-20'),
      (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (3, false, -1, -0.0, 0, 0, 0, '', ''::BLOB, DATE '9999-12-31', TIMESTAMPTZ '1900-01-01 00:00:00+00', 'null', NULL),
      (4, false, 0, 1e300, -0.01, -0.0001, 0.001, 'NULL', '\x0A'::BLOB, DATE '0001-01-01',
       TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', 'New York', DATE '2023-05-21'),
      (5, true, 1, 1, 1, 1, 1, '5', '5'::BLOB, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 00:00:00+00', '*[?]{}', NULL),
      (6, true, 1, 1, 1, 1, 1, '6', '6'::BLOB, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 00:00:00+00', 'ö+&#:;,', NULL),
      (7, true, 1, 1, 1, 1, 1, '7', '7'::BLOB, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 00:00:00+00', 'a"b''c\d', NULL),
      (8, true, 1, 1, 1, 1, 1, '8', '8'::BLOB, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 00:00:00+00', ' x ', NULL))
      v(id, b, l, d, d4, d18, d38, s, "x y", day, ts, city, p)))";
  engine::TableTarget target{"odd/values", database.Describe("FROM " + rows), {"city", "p"}, "odd values"};
  auto apply = [&](const engine::TableChange& change) {
    auto base = delta::Snapshot::Load(*storage, target.path);
    auto report = database.Apply(target, base, change, {}, base::SystemClock());
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(report.outcome));
  };
  apply({.insert_sql = "FROM " + rows});
  apply({.insert_sql = "SELECT * REPLACE (id + 100 AS id) FROM " + rows,
         .remove_sql = "SELECT 3 AS id UNION ALL SELECT 4",
         .key_columns = {"id"}});
  target.columns.push_back({"later", {base::ColumnType::Kind::kTimestamp}, true, ""});
  apply({.insert_sql = "SELECT * REPLACE (id + 200 AS id), ts AS later FROM " + rows});
  EXPECT_EQ(CompareRows(GetParam(), EveryVersion("odd/values")), "");
}

INSTANTIATE_TEST_SUITE_P(, ConformanceTest, ::testing::ValuesIn(kForeignEngines),
                         [](const auto& engine) { return NameOf(engine.param); });

// The lake that comes about when nobody else writes.
class UndisturbedLake : public LakeTest {
 public:
  void TestBody() override {}
  void TakeIn(const std::string& landing_zone) const {
    RunProgram({"/bin/cp", "-rT", landing_zone, landing()});
    MustRun({"run"});
  }
};

class ForeignWriterTest : public ConformanceTest {
 protected:
  // Folds files and rewrites rows, all of them with the same values, and makes checkpoints.
  void Rewrite(const std::map<std::string, std::string>& keys_by_table) const {
    std::vector<std::string> arguments = {NameOf(GetParam())};
    for (const auto& [table, keys] : keys_by_table) arguments.push_back(lake() + "/" + table + "=" + keys);
    auto rewritten = RunScript(GetParam(), "rewrite_tables.py", arguments);
    ASSERT_EQ(rewritten.exit_code, 0) << rewritten.out << rewritten.err;
  }
  void DropLastSaleOf(const std::string& drop) const {
    for (const auto& file : fs::directory_iterator(landing() + "/" + drop)) {
      std::string name = file.path().filename();
      if (!name.starts_with("sales_transactions")) continue;
      std::string text = ReadFile(file.path());
      Drop(drop, name, text.substr(0, text.rfind('\n', text.size() - 2) + 1));
    }
  }
};

TEST_P(ForeignWriterTest, TablesRewrittenBetweenRunsChangeNothing) {
  // Rows of a mart have no key: they add up.
  const std::map<std::string, std::string> keys_by_table = {{"warehouse/sales_transactions_fact", "transaction_id"},
                                                            {"warehouse/customer_dim", "customer_id,valid_from"},
                                                            {"warehouse/date_dim", "transaction_date"},
                                                            {"marts/product_sales_daily", ""},
                                                            {"marts/customer_sales", ""},
                                                            {"raw/files", "seq"}};
  DropHours(4, "recent");
  fs::path later = folder() + "/later";
  fs::create_directories(later);
  for (const char* drop : {"2023-12-28T12", "2023-12-28T13"}) fs::rename(landing() + "/" + drop, later / drop);
  UndisturbedLake undisturbed;
  undisturbed.TakeIn(landing());
  MustRun({"run"});
  Rewrite(keys_by_table);

  // The next two hours, and the first one corrected: its last sale goes.
  for (const char* drop : {"2023-12-28T12", "2023-12-28T13"}) fs::rename(later / drop, landing() + "/" + drop);
  DropLastSaleOf("2023-12-28T10");
  undisturbed.TakeIn(landing());
  MustRun({"run"});
  std::string content = Content();
  EXPECT_EQ(content, undisturbed.Content());
  EXPECT_EQ(UnclosedLedger(), "");
  MustRun({"run"});
  EXPECT_EQ(Content(), content);

  std::vector<TableState> states;
  for (const auto& [table, keys] : keys_by_table) states.push_back({lake() + "/" + table, ""});
  EXPECT_EQ(CompareRows(GetParam(), states), "");
}

TEST_P(ForeignWriterTest, ACompactionBetweenCrashAndRedoChangesNothing) {
  DropHours(3, "recent");
  ASSERT_EQ(Run({"run"}, {{"QLAKE_CRASH_AT", "process.before_ledger"}}).exit_code, 128 + 9);
  // The fact is committed, the batch is not published.
  Rewrite({{"warehouse/sales_transactions_fact", ""}, {"warehouse/customer_dim", ""}});
  MustRun({"run"});
  std::string content = Content();
  MustRun({"run"});
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(UnclosedLedger(), "");
  UndisturbedLake undisturbed;
  undisturbed.TakeIn(landing());
  EXPECT_EQ(content, undisturbed.Content());
}

INSTANTIATE_TEST_SUITE_P(, ForeignWriterTest, ::testing::Values(ForeignEngine::kDeltalake, ForeignEngine::kSpark),
                         [](const auto& engine) { return NameOf(engine.param); });

}  // namespace
}  // namespace qlake::testing
