#include "engine/sql_words.h"

#include <gtest/gtest.h>

namespace qlake::engine {
namespace {

TEST(SqlWordsTest, AWordIsAWholeNameInAnyCaseAndPlace) {
  EXPECT_TRUE(NamesWord("SELECT * FROM staged.branches", "branches"));
  EXPECT_TRUE(NamesWord("select * from Staged.\"BRANCHES\"", "branches"));
  EXPECT_TRUE(NamesWord("branches", "branches"));
  EXPECT_TRUE(NamesWord("SELECT 1 -- of branches\n", "branches"));
  EXPECT_TRUE(NamesWord("old_branches, branches", "branches")) << "behind a longer name";
}

TEST(SqlWordsTest, APartOfANameIsNoWord) {
  EXPECT_FALSE(NamesWord("SELECT * FROM staged_once.sales", "staged"));
  EXPECT_FALSE(NamesWord("SELECT branches2, my_branches", "branches"));
  EXPECT_FALSE(NamesWord("", "branches"));
}

}  // namespace
}  // namespace qlake::engine
