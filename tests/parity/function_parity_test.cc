// Every function of the project on thousands of odd values: both engines answer the same.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <regex>
#include <set>

#include "base/clock.h"
#include "engine/duckdb/database.h"
#include "engine/spark/spark_engine.h"
#include "spark/connection.h"
#include "storage/storage.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int kRows = 4000;

std::string FunctionsOf(const std::string& engine) {
  return ReadFile(std::string(QLAKE_REPOSITORY) + "/project/functions/" + engine + ".sql");
}

class OddValues {
 public:
  explicit OddValues(uint64_t seed) : random_(seed) {}

  std::optional<std::string> Text() {
    switch (Number(0, 7)) {
      case 0:
        return Number(0, 3) == 0 ? std::nullopt : std::optional(NumberText());
      case 1:
        return DateText();
      case 2:
        return EmailText();
      case 3:
        return AddressText();
      default:
        return Pieces(Number(0, 8));
    }
  }

  int64_t Number(int64_t min, int64_t max) { return std::uniform_int_distribution<int64_t>(min, max)(random_); }

  // Below 10^12, with four digits behind the point; often a small one.
  std::string Amount() {
    int64_t digits = Number(0, 16);
    int64_t limit = 1;
    for (int64_t i = 0; i < digits; ++i) limit *= 10;
    int64_t value = Number(0, limit);
    return fmt::format("{}.{:04}", value / 10000, value % 10000);
  }

 private:
  std::string Pick(const std::vector<std::string>& of) {
    return of[static_cast<size_t>(Number(0, static_cast<int64_t>(of.size()) - 1))];
  }
  std::string Blank() { return Pick({"", "", " ", "\t", "\n", " \t "}); }

  std::string NumberText() {
    return Pick({"", "", "+", "-", "+-"}) +
           std::to_string(Number(0, 1) == 0 ? Number(0, 99999) : Number(0, INT64_MAX)) +
           Pick({"", "", ".", ".0", ".50", ".123", ".1230000", "0", "5807", " ", "\n", "e3"});
  }
  std::string DateText() {
    return Blank() +
           fmt::format("{:0{}}-{:0{}}-{:0{}}", Number(0, 3000), Number(1, 5), Number(0, 13), Number(1, 3),
                       Number(0, 32), Number(1, 2)) +
           Pick({"", "", "", " ", "\n", "x", "-1"});
  }
  std::string EmailText() {
    std::string text = Blank() + Pick({"a.b", "A+b%c", "_x-1", "é", ""}) + Pick({"@", "@", "@", "@@", ""});
    for (int64_t labels = Number(0, 4); labels >= 0; --labels) {
      text += Pick({"gmail", "a-b", "x1", "com", "comm", "c", "co9m", "-", ""}) + Pick({".", ".", ".", "", ".."});
    }
    return text + Pick({"com", "comm", "comm.", "c", "com\"]x", "com;", "com\n", "comé"});
  }
  std::string AddressText() {
    std::string text;
    for (int64_t parts = Number(0, 6); parts >= 0; --parts) text += Pieces(Number(0, 2)) + Pick({"/", "/", "//", ""});
    return text;
  }
  std::string Pieces(int64_t count) {
    static const std::vector<std::string> pieces = {"a",
                                                    "B",
                                                    "9",
                                                    ".",
                                                    "-",
                                                    "_",
                                                    "%",
                                                    "+",
                                                    "@",
                                                    "com",
                                                    ".comm",
                                                    "/",
                                                    " ",
                                                    "\t",
                                                    "\n",
                                                    "\r",
                                                    "\"",
                                                    "'",
                                                    "\\",
                                                    "é",
                                                    "ſ",
                                                    "İ",
                                                    "K",
                                                    "日本",
                                                    "😀",
                                                    "0",
                                                    "12",
                                                    "-5",
                                                    "yes",
                                                    "NO",
                                                    "True",
                                                    "f",
                                                    "t",
                                                    "Y",
                                                    "n",
                                                    ",",
                                                    ";",
                                                    "$",
                                                    "\u00a0",
                                                    "\u2003",
                                                    "e5",
                                                    "\x01",
                                                    "\x1f",
                                                    "\x1e",
                                                    "null",
                                                    "2024-02-29",
                                                    "421 1/2 6th Street Southeast",
                                                    "Washington",
                                                    "DC",
                                                    "20003",
                                                    "a long text of some sixty characters"};
    std::string text;
    for (; count > 0; --count) text += Pick(pieces);
    return text;
  }

  std::mt19937_64 random_;
};

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

  // A Delta table of odd values, read by both engines as odd.rows: n, x (text), part and whole (DECIMAL(38,4)), total
  // (DECIMAL(38,2)), t (TIMESTAMP), d (DATE).
  void WriteRows(OddValues& odd) {
    const base::ColumnType kText{base::ColumnType::Kind::kString};
    const base::ColumnType kLong{base::ColumnType::Kind::kLong};
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (int n = 0; n < kRows; ++n) {
      rows.push_back({std::to_string(n), odd.Text(), odd.Amount(), odd.Amount(),
                      std::to_string(odd.Number(-4'000'000'000'000'000, 8'000'000'000'000'000))});
    }
    duckdb_->FillTable("given.rows", {{"n", kLong}, {"x", kText}, {"part", kText}, {"whole", kText}, {"us", kLong}},
                       rows);
    engine::TableChange change;
    change.insert_sql =
        "SELECT n, x, CAST(part AS DECIMAL(38,4)) AS part, CAST(whole AS DECIMAL(38,4)) + CAST(part AS DECIMAL(38,4)) "
        "AS "
        "whole, CAST(CAST(part AS DECIMAL(38,4)) - CAST(whole AS DECIMAL(38,4)) AS DECIMAL(38,2)) AS total, "
        "make_timestamptz(us) AS t, CAST(make_timestamp(us) AS DATE) AS d FROM given.rows";
    engine::TableTarget target{"odd/rows", duckdb_->Describe(change.insert_sql), {}, "odd values"};
    auto report = duckdb_->Apply(target, std::nullopt, change, {}, base::SystemClock());
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(report.outcome));
    auto snapshot = delta::Snapshot::Load(*storage_, target.path);
    duckdb_->DefineTable("odd.rows", *snapshot);
    spark_->DefineTable("odd.rows", *snapshot);
  }

  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<engine::Database> duckdb_;
  std::unique_ptr<engine::SparkEngine> spark_;
};

// How each function is called over odd.rows, where it matters on Spark in another way than on DuckDB.
struct Call {
  std::string duckdb;
  std::string spark;
};

std::vector<Call> Calls() {
  std::vector<Call> calls;
  for (const char* call : {"clean_text(x)",        "parse_integer(x)",        "parse_bigint(x)",
                           "parse_boolean(x)",     "parse_date(x)",           "clean_email(x)",
                           "split_address(x, 1)",  "split_address(x, 2)",     "split_address(x, 3)",
                           "split_address(x, 4)",  "split_address(x, 5)",     "split_address(x, CAST(NULL AS INT))",
                           "is_decimal(x, 9, 2)",  "is_decimal(x, 5, 5)",     "is_decimal(x, 38, 0)",
                           "is_decimal(x, 39, 2)", "is_decimal(x, 3, 4)",     "is_decimal(x, CAST(NULL AS INT), 2)",
                           "quote_value(x)",       "mask_value(x)",           "regexp_full_match(x, '[a-z0-9.]+')",
                           "day_name(d)",          "percent_of(part, whole)", "percent_of(n, n + 7)",
                           "percent_of(n, n - n)", "average_of(total, n)",    "average_of(total, n - n)",
                           "window_start(t, 10)",  "window_start(t, 30)",     "window_start(t, 1440)"}) {
    calls.push_back({call, call});
  }
  calls.push_back({"content_hash(x, clean_text(x), '')", "content_hash(array(x, clean_text(x), ''))"});
  calls.push_back({"CAST(ten_thousandths(part) AS VARCHAR)", "CAST(ten_thousandths(part) AS STRING)"});
  return calls;
}

engine::Result Ask(engine::Engine& engine, const std::vector<std::string>& calls) {
  return engine.Query(
      fmt::format("SELECT {}, x, part, whole, total, t FROM odd.rows ORDER BY n", fmt::join(calls, ", ")));
}

TEST_F(FunctionParityTest, EveryFunctionMeansTheSame) {
  const char* given = std::getenv("QLAKE_SEED");
  uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  SCOPED_TRACE(fmt::format("QLAKE_SEED={}", seed));
  OddValues odd(seed);
  WriteRows(odd);
  std::vector<std::string> on_duckdb;
  std::vector<std::string> on_spark;
  for (const auto& call : Calls()) {
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

// A function that one file gains and the other does not would be found by a user otherwise.
TEST(FunctionFilesTest, BothEnginesHaveTheSameFunctionsAndEachIsCompared) {
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
  std::string calls;
  for (const auto& call : Calls()) calls += call.duckdb + " ";
  for (const auto& name : duckdb) EXPECT_NE(calls.find(name + "("), std::string::npos) << name;
}

}  // namespace
}  // namespace qlake::testing
