// Every function of the project on thousands of odd values: both engines answer the same.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "base/test_seed.h"
#include "compare/function_calls.h"
#include "compare/odd_values.h"
#include "engine/duckdb/database.h"
#include "engine/spark/spark_engine.h"
#include "model/project.h"
#include "spark/connection.h"
#include "storage/storage.h"
#include "support/failure_of.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int kRows = 4000;

std::string FunctionsOf(const std::string& engine) {
  return ReadFile(std::string(QLAKE_REPOSITORY) + "/project/functions/" + engine + ".sql");
}

class FunctionParityTest : public LakeTest {
 protected:
  void SetUp() override {
    if (std::string missing = MissingInstallation(ForeignEngine::kSpark); !missing.empty()) GTEST_SKIP() << missing;
    storage_ = storage::OpenLocalStorage(folder());
    duckdb_ = std::make_unique<engine::Database>(*storage_, engine::DatabaseOptions{.threads = 2});
    spark_ = std::make_unique<engine::SparkEngine>(*storage_, spark::ParseAddress(SparkAddress()));
    duckdb_->Run(FunctionsOf("duckdb"));
    spark_->Run(FunctionsOf("spark"));
  }

  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<engine::Database> duckdb_;
  std::unique_ptr<engine::SparkEngine> spark_;
};

engine::Result Ask(engine::Engine& engine, const std::vector<std::string>& calls) {
  return engine.Query(
      fmt::format("SELECT {}, x, part, whole, total, t FROM odd.rows ORDER BY n", fmt::join(calls, ", ")));
}

TEST_F(FunctionParityTest, EveryFunctionMeansTheSame) {
  compare::OddValues odd(base::TestSeed());
  auto rows = compare::MakeOddRows(odd, kRows);
  compare::FillOddRows(*duckdb_, rows);
  compare::FillOddRows(*spark_, rows);
  auto functions = compare::FindFunctionCalls(*duckdb_, model::Project::BuiltIn());
  EXPECT_TRUE(functions.without_call.empty()) << functions.without_call.front();
  std::vector<std::string> on_duckdb;
  std::vector<std::string> on_spark;
  for (const auto& call : functions.calls) {
    on_duckdb.push_back(call.duckdb);
    on_spark.push_back(call.spark);
  }
  auto expected = Ask(*duckdb_, on_duckdb);
  auto answered = Ask(*spark_, on_spark);
  ASSERT_EQ(expected.rows.size(), static_cast<size_t>(kRows));
  ASSERT_EQ(answered.rows.size(), expected.rows.size());
  for (size_t call = 0; call < on_duckdb.size(); ++call) {
    EXPECT_EQ(answered.columns[call].sql_type, expected.columns[call].sql_type) << on_duckdb[call];
    for (size_t row = 0; row < expected.rows.size(); ++row) {
      const auto& values = expected.rows[row];
      if (answered.rows[row][call] == values[call]) continue;
      ADD_FAILURE() << on_duckdb[call] << " is " << values[call].value_or("NULL") << " on duckdb and "
                    << answered.rows[row][call].value_or("NULL") << " on spark, of x = <"
                    << values[on_duckdb.size()].value_or("NULL")
                    << ">, part, whole, total, t = " << values[on_duckdb.size() + 1].value_or("NULL") << ", "
                    << values[on_duckdb.size() + 2].value_or("NULL") << ", "
                    << values[on_duckdb.size() + 3].value_or("NULL") << ", "
                    << values[on_duckdb.size() + 4].value_or("NULL");
      break;
    }
  }
}

TEST_F(FunctionParityTest, ATextOfManyLabelsIsAnEmailOnBothEngines) {
  const std::string call = "SELECT length(clean_email(concat('a@', repeat('a.', 100000), 'com')))";
  EXPECT_EQ(spark_->QueryInteger(call), 200005);
  EXPECT_EQ(duckdb_->QueryInteger(call), 200005);
}

// A constraint that a table gains is held against the rows that stay, also where others go.
TEST_F(FunctionParityTest, ANewConstraintIsHeldAgainstRowsThatStay) {
  const base::ColumnType kLong{base::ColumnType::Kind::kLong};
  engine::TableTarget target{"t", {{"k", kLong}, {"v", kLong}}, {}, "test"};
  engine::TableChange rows;
  rows.insert_sql =
      "SELECT CAST(k AS BIGINT) AS k, CAST(v AS BIGINT) AS v FROM (VALUES (1, 1), (2, -2), (3, 3)) AS r(k, v)";
  auto written = duckdb_->Apply(target, std::nullopt, rows, {}, base::SystemClock());
  ASSERT_TRUE(std::holds_alternative<delta::Committed>(written.outcome));
  auto table = delta::Snapshot::Load(*storage_, "t");
  target.settings = engine::TableSettings{{{"positive", "v > 0"}}, {}};
  engine::TableChange change;
  change.key_columns = {"k"};
  change.remove_sql = "SELECT CAST(1 AS BIGINT) AS k";
  std::string failure =
      FailureOf([&] { spark_->CheckChange(target, table, change, base::SystemClock()); }, base::ErrorKind::kInput);
  EXPECT_NE(failure.find("v=-2"), std::string::npos) << failure;
  change.remove_sql = "SELECT CAST(2 AS BIGINT) AS k";
  spark_->CheckChange(target, table, change, base::SystemClock());
}

// A function that one file gains and the other does not would be found by a user otherwise.
TEST_F(FunctionParityTest, BothEnginesHaveTheSameFunctionsAndEachIsCalled) {
  auto names = [](const std::string& text, const std::string& pattern) {
    std::set<std::string> found;
    std::regex regex(pattern);
    for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) found.insert((*it)[1]);
    return found;
  };
  auto spark = names(FunctionsOf("spark"), "FUNCTION (\\w+)\\(");
  auto duckdb = names(FunctionsOf("duckdb"), "MACRO (\\w+)\\(");
  for (const char* native : {"clean_text", "parse_integer", "parse_bigint", "parse_boolean", "is_decimal", "parse_date",
                             "clean_email", "split_address", "content_hash", "regexp_full_match"}) {
    duckdb.insert(native);
  }
  duckdb.erase("mask");  // mask_value by its older name, which is another function on Spark.
  for (const char* part : {"email_domain", "email_prefix", "whole_quotient"}) spark.erase(part);
  EXPECT_EQ(spark, duckdb);
  std::set<std::string> called;
  for (const auto& call : compare::FindFunctionCalls(*duckdb_, model::Project::BuiltIn()).calls) {
    called.insert(call.function);
  }
  EXPECT_EQ(called, duckdb);
}

}  // namespace
}  // namespace qlake::testing
