#include "spark/failure.h"

#include <gtest/gtest.h>

namespace qlake::spark {
namespace {

TEST(FailureTest, APlaceCountsLinesAndCharactersNotBytes) {
  const std::string sql = "SELECT a,\n  'ä𝄞' AS t, b";
  auto place = PlaceOf(sql, 0);
  EXPECT_EQ(place.line, 1);
  EXPECT_EQ(place.column, 1);
  place = PlaceOf(sql, 10 + 13);
  EXPECT_EQ(place.line, 2);
  EXPECT_EQ(place.column, 14);
}

TEST(FailureTest, APlaceBehindTheTextIsItsEnd) {
  auto place = PlaceOf("ab", 99);
  EXPECT_EQ(place.line, 1);
  EXPECT_EQ(place.column, 3);
}

TEST(FailureTest, TheGistOfAMessageHasNoClassNoStateNoSqlAndNoPlan) {
  EXPECT_EQ(
      Gist("\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'. SQLSTATE: 42601 (line 1, pos 9)\n\n== SQL ==\nFRM x"),
      "Syntax error at or near 'x'.");
  EXPECT_EQ(Gist("[UNRESOLVED_COLUMN] No `a`. SQLSTATE: 42703; line 1 pos 7;\n'Project ['a]\n"), "No `a`.");
  EXPECT_EQ(Gist("Job aborted: java.lang.OutOfMemoryError\n\tat java.base/java.util"),
            "Job aborted: java.lang.OutOfMemoryError");
  EXPECT_EQ(Gist(""), "");
}

}  // namespace
}  // namespace qlake::spark
