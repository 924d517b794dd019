#include "spark/statement.h"

#include <gtest/gtest.h>

#include <limits>

namespace qlake::spark {
namespace {

TEST(StatementTest, EachPlaceWithAValueBecomesALiteral) {
  EXPECT_EQ(BindParameters({.sql = "SELECT :n, :t, :yes, :none WHERE x=:n",
                            .parameters = {{"n", int64_t{-7}}, {"t", "a b"}, {"yes", true}, {"none", nullptr}}}),
            "SELECT CAST('-7' AS BIGINT), 'a b', TRUE, NULL WHERE x=CAST('-7' AS BIGINT)");
}

TEST(StatementTest, ATextThatLooksLikeSqlStaysAText) {
  EXPECT_EQ(BindParameters({.sql = ":t", .parameters = {{"t", "' OR 1=1 --"}}}),
            "CAST(X'27204F5220313D31202D2D' AS STRING)");
  EXPECT_EQ(BindParameters({.sql = ":t", .parameters = {{"t", "\\"}}}), "CAST(X'5C' AS STRING)");
}

TEST(StatementTest, WhatStandsInQuotesAndCommentsOrBehindAValueIsNoPlace) {
  std::string sql = "SELECT ':x', \"it\\\":x\", `:x`, v:x, a[0]:x, b::x -- :x\n, /* :x */ 1";
  EXPECT_EQ(BindParameters({.sql = sql, .parameters = {{"x", int64_t{1}}}}), sql);
}

TEST(StatementTest, APlaceWithoutAValueIsLeftForSparkToRefuse) {
  EXPECT_EQ(BindParameters({.sql = "SELECT :xy, :x", .parameters = {{"x", false}}}), "SELECT :xy, FALSE");
}

TEST(StatementTest, DoublesKeepAllTheirDigits) {
  EXPECT_EQ(BindParameters({.sql = ":d", .parameters = {{"d", 0.1}}}), "CAST('0.1' AS DOUBLE)");
  EXPECT_EQ(BindParameters({.sql = ":d", .parameters = {{"d", -std::numeric_limits<double>::infinity()}}}),
            "CAST('-Infinity' AS DOUBLE)");
}

}  // namespace
}  // namespace qlake::spark
