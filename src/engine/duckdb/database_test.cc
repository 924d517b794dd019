#include "engine/duckdb/database.h"

#include <chrono>
#include <thread>

#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using DatabaseTest = LakeTest;
using Kind = base::ColumnType::Kind;

struct FormatCase {
  const char* sql;
  const char* text;
  const char* type;
  bool json_quoted;
  bool right_aligned;
};

TEST_F(DatabaseTest, EveryTypeHasItsText) {
  const FormatCase cases[] = {
      {"true", "true", "BOOLEAN", false, false},
      {"42::TINYINT", "42", "TINYINT", false, true},
      {"(-2147483648)::INTEGER", "-2147483648", "INTEGER", false, true},
      {"9223372036854775807", "9223372036854775807", "BIGINT", true, true},
      {"18446744073709551615::UBIGINT", "18446744073709551615", "UBIGINT", true, true},
      {"(-170141183460469231731687303715884105727)::HUGEINT", "-170141183460469231731687303715884105727", "HUGEINT",
       true, true},
      {"'340282366920938463463374607431768211455'::UHUGEINT", "340282366920938463463374607431768211455", "UHUGEINT",
       true, true},
      {"1::DOUBLE", "1.0", "DOUBLE", false, true},
      {"1e300", "1e+300", "DOUBLE", false, true},
      {"0.1::FLOAT", "0.1", "FLOAT", false, true},
      {"'-inf'::DOUBLE", "-Infinity", "DOUBLE", false, true},
      {"4275163.295::DECIMAL(18,4)", "4275163.2950", "DECIMAL(18,4)", true, true},
      {"(-0.05)::DECIMAL(4,2)", "-0.05", "DECIMAL(4,2)", true, true},
      {"(-99999999999999999999999999999999999.999)::DECIMAL(38,3)", "-99999999999999999999999999999999999.999",
       "DECIMAL(38,3)", true, true},
      {"'a|\"b'", "a|\"b", "VARCHAR", true, false},
      {"''", "", "VARCHAR", true, false},
      {"DATE '2023-05-20'", "2023-05-20", "DATE", true, false},
      {"DATE '1969-12-31'", "1969-12-31", "DATE", true, false},
      {"'infinity'::DATE", "infinity", "DATE", true, false},
      {"TIME '01:02:03.000004'", "01:02:03.000004", "TIME", true, false},
      {"TIMESTAMPTZ '2023-05-20 14:03:07.000001+00'", "2023-05-20T14:03:07.000001Z", "TIMESTAMP WITH TIME ZONE", true,
       false},
      {"TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999", "TIMESTAMP", true, false},
      {"TIMESTAMP_NS '1970-01-01 00:00:00.000001999'", "1970-01-01T00:00:00.000001", "TIMESTAMP_NS", true, false},
      {"INTERVAL '1 year 2 days 3 hours'", "1 year 2 days 03:00:00.000000", "INTERVAL", true, false},
      {"'47183823-2574-4bfd-b411-99ed177d3e43'::UUID", "47183823-2574-4bfd-b411-99ed177d3e43", "UUID", true, false},
      {"'\\x00\\xFF'::BLOB", "AP8=", "BLOB", true, false},
      {"'abc'::BLOB", "YWJj", "BLOB", true, false},
      {"''::BLOB", "", "BLOB", true, false},
      {"'b'::ENUM('a', 'b')", "b", "ENUM", true, false},
      {"'{\"a\": 1}'::JSON", "{\"a\": 1}", "JSON", false, false},
      {"[1, NULL, 3]", "[1,null,3]", "INTEGER[]", false, false},
      {"[[1], []]", "[[1],[]]", "INTEGER[][]", false, false},
      {"['x', 'y']::VARCHAR[2]", "[\"x\",\"y\"]", "VARCHAR[2]", false, false},
      {"{'a': 1.50, 'b': DATE '2023-05-20', 'c': 7::BIGINT}", "{\"a\":\"1.50\",\"b\":\"2023-05-20\",\"c\":\"7\"}",
       "STRUCT(a DECIMAL(3,2), b DATE, c BIGINT)", false, false},
      {"MAP {'k': 1, 'l': NULL}", "[{\"key\":\"k\",\"value\":1},{\"key\":\"l\",\"value\":null}]",
       "MAP(VARCHAR, INTEGER)", false, false},
      {"['nan'::DOUBLE]", "[\"NaN\"]", "DOUBLE[]", false, false},
      {"union_value(n := 5)", "5", "UNION(n INTEGER)", false, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sql);
    auto result = database_->Query(std::string("SELECT ") + c.sql + " AS c");
    EXPECT_EQ(result.columns[0].name, "c");
    EXPECT_EQ(result.columns[0].sql_type, c.type);
    EXPECT_EQ(result.columns[0].json_quoted, c.json_quoted);
    EXPECT_EQ(result.columns[0].right_aligned, c.right_aligned);
    EXPECT_EQ(result.rows[0][0], c.text);
    auto typed_null = database_->Query(std::string("SELECT CASE WHEN random() > 2 THEN ") + c.sql + " END");
    EXPECT_EQ(typed_null.rows[0][0], std::nullopt);
  }
}

TEST_F(DatabaseTest, ATypeWithoutATextSaysWhatToDo) {
  ExpectError(base::ErrorKind::kInput, "cast it to VARCHAR", [&] { database_->Query("SELECT '101'::BIT"); });
}

TEST_F(DatabaseTest, NullsComeFirstAscendingAndLastDescendingAsInSpark) {
  EXPECT_EQ(Rows("SELECT x FROM (VALUES (1), (NULL), (2)) v(x) ORDER BY x"),
            (std::vector<std::string>{"NULL", "1", "2"}));
  EXPECT_EQ(Rows("SELECT x FROM (VALUES (1), (NULL), (2)) v(x) ORDER BY x DESC"),
            (std::vector<std::string>{"2", "1", "NULL"}));
}

TEST_F(DatabaseTest, ALongAnswerIsStreamedInItsOrderAlsoAfterStatementsThatKeepNone) {
  database_->Run("CREATE TABLE numbers AS SELECT (i * 7919) % 1000003 AS n FROM range(1000003) r(i)");
  int64_t expected = 0;
  database_->Query("SELECT n FROM numbers ORDER BY n", {nullptr, [&](ResultRow& row) {
                                                          EXPECT_EQ(row[0], std::to_string(expected));
                                                          return row[0] == std::to_string(expected++);
                                                        }});
  EXPECT_EQ(expected, 1000003);
}

TEST_F(DatabaseTest, AVisitorThatHasEnoughEndsTheAnswerAndTheNextStatementRuns) {
  int seen = 0;
  database_->Query("SELECT * FROM range(10000000)", {nullptr, [&](ResultRow&) { return ++seen < 3; }});
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(database_->QueryInteger("SELECT 5"), 5);
}

TEST_F(DatabaseTest, QueryIntegerTakesNullForZeroAndNothingButOneInteger) {
  EXPECT_EQ(database_->QueryInteger("SELECT sum(i) FROM range(5) r(i)"), 10);
  EXPECT_EQ(database_->QueryInteger("SELECT max(i) FROM range(0) r(i)"), 0);
  ExpectError(base::ErrorKind::kInput, "one integer is wanted, not x", [&] { database_->QueryInteger("SELECT 'x'"); });
  ExpectError(base::ErrorKind::kInput, "2 rows", [&] { database_->QueryInteger("SELECT * FROM range(2)"); });
}

TEST_F(DatabaseTest, DescribeGivesOurTypesAndRefusesWhatATableCannotHold) {
  auto columns = database_->Describe("SELECT 1::TINYINT AS a, 1::UINTEGER AS b, 1.5 AS c, now() AS d, 'x' AS e -- end");
  std::vector<base::Column> expected = {{"a", {Kind::kInteger}, false, ""},
                                        {"b", {Kind::kLong}, false, ""},
                                        {"c", {Kind::kDecimal, 2, 1}, false, ""},
                                        {"d", {Kind::kTimestamp}, false, ""},
                                        {"e", {Kind::kString}, false, ""}};
  EXPECT_EQ(columns, expected);
  ExpectError(base::ErrorKind::kInput, "CAST it to another type: s is HUGEINT",
              [&] { database_->Describe("SELECT sum(i) AS s FROM range(3) r(i)"); });
  ExpectError(base::ErrorKind::kInput, "l is INTEGER[]", [&] { database_->Describe("SELECT [1] AS l"); });
}

TEST_F(DatabaseTest, WrongSqlIsTheUsersErrorWithDuckDbsMessage) {
  ExpectError(base::ErrorKind::kInput, "nowhere", [&] { database_->Query("SELECT * FROM nowhere"); });
  ExpectError(base::ErrorKind::kInput, "syntax error", [&] { database_->Run("SELEC 1"); });
  ExpectError(base::ErrorKind::kInput, "Could not convert",
              [&] { database_->Query("SELECT CAST(i || 'x' AS INTEGER) FROM range(3) r(i)"); });
  ExpectError(base::ErrorKind::kInput, "NUL character", [&] { database_->Run(std::string_view("SELECT 1\0", 9)); });
  EXPECT_EQ(Cell("1"), "1");
}

TEST_F(DatabaseTest, RunningOutOfMemoryIsTheMachinesFailure) {
  Open({.memory_bytes = 20 << 20, .threads = 1});
  ExpectError(base::ErrorKind::kIo, "memory",
              [&] { database_->Run("CREATE TABLE big AS SELECT md5(i::VARCHAR) AS a FROM range(5000000) r(i)"); });
}

TEST_F(DatabaseTest, InterruptEndsTheRunningStatement) {
  std::jthread interrupter([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      database_->Interrupt();
    }
  });
  ExpectError(base::ErrorKind::kUnavailable, "interrupted", [&] {
    database_->Query("SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range % 7 = b.range % 5");
  });
}

TEST_F(DatabaseTest, NamesAndLiteralsAreQuoted) {
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
}

}  // namespace
}  // namespace qlake::engine
