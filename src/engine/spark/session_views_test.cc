#include "engine/spark/session_views.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/spark/read_only_select.h"
#include "engine/spark/session_functions.h"
#include "engine/spark/sql_tokens.h"

namespace qlake::engine {
namespace {

std::string Rewritten(const std::string& sql) {
  SessionViews views;
  for (const char* table : {"marts.sales_daily", "warehouse.branch_dim", "raw.branches", "quarantine.branches"}) {
    views.Add(table);
  }
  return views.Rewrite(sql);
}

TEST(SessionViewsTest, ATableIsItsViewAndKeepsItsShortName) {
  EXPECT_EQ(Rewritten("SELECT * FROM marts.sales_daily"), R"(SELECT * FROM `marts__sales_daily` AS `sales_daily`)");
  EXPECT_EQ(Rewritten("FROM Marts . \"SALES_daily\" WHERE x"), R"(FROM `marts__sales_daily` AS `sales_daily` WHERE x)");
  EXPECT_EQ(Rewritten("(SELECT 1 FROM marts.sales_daily)"), R"((SELECT 1 FROM `marts__sales_daily` AS `sales_daily`))");
  EXPECT_EQ(Rewritten("FROM marts.sales_daily, `warehouse`.branch_dim"),
            R"(FROM `marts__sales_daily` AS `sales_daily`, `warehouse__branch_dim` AS `branch_dim`)");
}

TEST(SessionViewsTest, AnAliasOfTheQueryStays) {
  EXPECT_EQ(Rewritten("FROM marts.sales_daily AS s JOIN warehouse.branch_dim b ON s.branch_id = b.branch_id"),
            R"(FROM `marts__sales_daily` AS s JOIN `warehouse__branch_dim` b ON s.branch_id = b.branch_id)");
  EXPECT_EQ(Rewritten("FROM marts.sales_daily /* which */ \"the days\""), R"(FROM `marts__sales_daily`   `the days`)");
}

TEST(SessionViewsTest, AColumnIsCalledByTheTablesShortName) {
  EXPECT_EQ(Rewritten("SELECT marts.sales_daily.units FROM marts.sales_daily"),
            R"(SELECT `sales_daily`.units FROM `marts__sales_daily` AS `sales_daily`)");
}

TEST(SessionViewsTest, LiteralsAndOtherNamesStay) {
  for (const char* sql : {"SELECT 'marts.sales_daily'", "SELECT a.marts.sales_daily FROM x AS a",
                          "SELECT * FROM marts.other", "SELECT `marts.sales_daily` FROM x", "SELECT 1.5, .5, a[1]"}) {
    EXPECT_EQ(Rewritten(sql), sql);
  }
}

// Spark takes a backslash in a literal for an escape, and one at the end of a comment's line takes the next line in.
TEST(SessionViewsTest, LiteralsAndNamesAreWrittenAsSparkReadsThem) {
  EXPECT_EQ(Rewritten(R"(SELECT 'a\b''c', '\', "x\""y`z")"), R"(SELECT 'a\\b\'c', '\\', `x\"y``z`)");
  EXPECT_EQ(Rewritten("SELECT 1 -- marts.sales_daily \\\n, 2 /* /* */ marts.sales_daily\n */ , 3"),
            "SELECT 1  \n, 2  \n , 3");
}

TEST(SessionViewsTest, ShortNamesThatTwoLayersHaveAreNobodys) {
  SessionViews views;
  for (const char* table : {"raw.branches", "quarantine.branches", "marts.Sales_daily"}) views.Add(table);
  std::map<std::string, std::string> expected = {{"sales_daily", "marts.sales_daily"}};
  EXPECT_EQ(views.TablesByShortName(), expected);
}

TEST(SqlTokensTest, StatementsEndAtSemicolonsOutsideOfLiteralsAndComments) {
  std::vector<std::string> expected = {"SELECT ';', \"a;b\"", "\n-- one; two\nSELECT 2"};
  EXPECT_EQ(SplitStatements("SELECT ';', \"a;b\";\n-- one; two\nSELECT 2; -- the end\n"), expected);
}

TEST(SqlTokensTest, WhatDoesNotEndIsRefused) {
  for (const char* sql : {"SELECT 'a", "SELECT 'a''", "SELECT \"a", "SELECT `a", "/* /* */ SELECT 1"}) {
    EXPECT_THROW(TokenizeSql(sql), base::Error) << sql;
  }
}

TEST(SessionFunctionsTest, AFunctionIsMadeWhenItIsNamedAndBehindThoseThatItCalls) {
  SessionFunctions functions;
  for (const char* statement :
       {"CREATE OR REPLACE TEMPORARY FUNCTION outer_one(t STRING) RETURNS STRING RETURN Inner_one(t)",
        "-- a comment\nCREATE TEMPORARY FUNCTION inner_one(t STRING) RETURNS STRING RETURN t",
        "CREATE TEMPORARY FUNCTION other(t STRING) RETURNS STRING RETURN t"}) {
    EXPECT_TRUE(functions.Hold(statement)) << statement;
  }
  EXPECT_FALSE(functions.Hold("CREATE TEMPORARY VIEW v AS SELECT 1"));
  EXPECT_TRUE(functions.Take("SELECT 'outer_one', upper(x) FROM t").empty());
  auto made = functions.Take("SELECT OUTER_ONE(x), inner_one(x) FROM t");
  ASSERT_EQ(made.size(), 2U);
  EXPECT_NE(made[0].find("inner_one(t STRING)"), std::string::npos) << made[0];
  EXPECT_NE(made[1].find("outer_one(t STRING)"), std::string::npos) << made[1];
  EXPECT_TRUE(functions.Take("SELECT outer_one(x) FROM t").empty());
}

TEST(ReadOnlySelectTest, ASelectPasses) {
  for (const char* sql : {"SELECT 1", " ( SELECT 1 ) ;", "-- what\nWITH x AS (SELECT 1 AS a) SELECT a FROM x",
                          "VALUES (1)", "FROM marts.sales_daily SELECT *", "SELECT 'INSERT; DELETE', \"update\" FROM t",
                          "SELECT * FROM a JOIN b USING (k)", "SELECT t.update FROM t",
                          "SELECT reflect, transform(a, x -> x + 1) FROM t"}) {
    EXPECT_NO_THROW(RequireReadOnlySelect(sql)) << sql;
  }
}

TEST(ReadOnlySelectTest, EverythingElseIsRefused) {
  for (const char* sql : {"",
                          "-- nothing",
                          "INSERT INTO t VALUES (1)",
                          "DROP TABLE t",
                          "SELECT 1; DROP TABLE t",
                          "SET a = b",
                          "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
                          "FROM x INSERT INTO t SELECT *",
                          "WITH x AS (SELECT 1) DELETE FROM t",
                          "SELECT TRANSFORM (a) USING 'cat' FROM t",
                          "FROM t MAP a USING 'cat' AS b",
                          "FROM t REDUCE a USING /**/ 'cat'",
                          "SELECT java_method('java.lang.System', 'exit', 1)",
                          "SELECT \"reflect\" ('java.lang.System', 'exit', 1)",
                          "SELECT * FROM table_changes('t', 0)",
                          "BEGIN SELECT 1; END",
                          "EXECUTE IMMEDIATE 'DROP TABLE t'",
                          "SELECT $$a$$",
                          "/*+ INSERT */ INSERT INTO t VALUES (1)",
                          "SELECT TRANSFORM(id) USING r'touch /tmp/x' AS (y) FROM range(1)",
                          "SELECT TRANSFORM(id) USING\u00a0'touch /tmp/x' AS (y) FROM range(1)",
                          "FROM range(1) a JOIN range(1) b ON 'x' = r''' INSERT OVERWRITE DIRECTORY 'x' SELECT 1 --'",
                          "FROM range(1) a JOIN range(1) b ON (a.id = 1)\u2003INSERT\u2003INTO t SELECT a.id",
                          "FROM range(1) a JOIN range(1) b ON a.id < 1. INSERT INTO t SELECT a.id",
                          "SELECT IDENTIFIER('reflect')('java.lang.System', 'exit', 0)",
                          "SELECT 'a\\'; DROP TABLE t; --'"}) {
    EXPECT_THROW(RequireReadOnlySelect(sql), base::Error) << sql;
  }
}

}  // namespace
}  // namespace qlake::engine
