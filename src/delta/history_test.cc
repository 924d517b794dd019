#include "delta/history.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"

namespace qlake::delta {
namespace {

TEST(HistoryTest, TellsEveryVersionNewestFirstWithWhatItsWriterSaid) {
  TestTable table;
  ASSERT_TRUE(CommittedVersion(table.Create()));
  CommitOptions options;
  options.operation = "OPTIMIZE";
  options.operation_metrics = {{"numAddedFiles", "1"}};
  options.run_id = "run-7";
  ASSERT_TRUE(CommittedVersion(table.Append("a.parquet", options)));
  // Another writer's commit, without commitInfo.
  table.WriteCommit(2, AddLine("b.parquet"));

  auto history = ReadHistory(table.storage(), "t", 0);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].version, 2);
  EXPECT_EQ(history[0].operation, "");
  EXPECT_GT(history[0].timestamp_ms, 0);
  EXPECT_EQ(history[1].operation, "OPTIMIZE");
  EXPECT_EQ(history[1].metrics["numAddedFiles"], "1");
  EXPECT_EQ(history[1].run_id, "run-7");
  EXPECT_EQ(history[2].version, 0);
}

TEST(HistoryTest, TheLimitCutsTheOldestAndAnAbsentTableHasNone) {
  TestTable table;
  EXPECT_TRUE(ReadHistory(table.storage(), "t", 0).empty());
  ASSERT_TRUE(CommittedVersion(table.Create()));
  ASSERT_TRUE(CommittedVersion(table.Append("a.parquet")));
  auto history = ReadHistory(table.storage(), "t", 1);
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].version, 1);
}

TEST(HistoryTest, ACommitThatCannotBeReadIsNamed) {
  TestTable table;
  ASSERT_TRUE(CommittedVersion(table.Create()));
  table.WriteCommit(1, "{\"add\":");
  EXPECT_NE(ErrorOf(base::ErrorKind::kCorrupt, [&] { ReadHistory(table.storage(), "t", 0); }).find("00001.json"),
            std::string::npos);
}

}  // namespace
}  // namespace qlake::delta
