#include "delta/log_cleanup.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"

namespace qlake::delta {
namespace {

constexpr int64_t kDayMs = 24LL * 60 * 60 * 1000;

class LogCleanupTest : public testing::Test {
 protected:
  // Versions 0 to 7 with checkpoints at 3 and 6, all as old as the files are: a moment.
  void Fill(const std::string& property = "", const std::string& value = "") {
    Transaction create(table_.storage(), "t", std::nullopt);
    Metadata metadata = TestTable::NewMetadata();
    if (!property.empty()) metadata.configuration[property] = value;
    create.Stage(metadata);
    ASSERT_EQ(CommittedVersion(std::move(create).Commit(TestTable::Clock(), {})), 0);
    for (int i = 1; i <= 7; ++i) table_.Append("f" + std::to_string(i), {.checkpoint_interval = 3});
  }
  int64_t CleanUpAfter(int64_t days) {
    return CleanUpLog(table_.storage(), table_.Load(), base::SystemClock().Now().us / 1000 + days * kDayMs);
  }
  bool Has(const std::string& path) { return table_.storage().Find(path).has_value(); }
  void SetAge(Version version, int days) {
    std::filesystem::last_write_time(table_.root() + "/" + CommitPath("t", version),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * days));
  }

  TestTable table_;
};

TEST_F(LogCleanupTest, WhatIsBehindTheLastCheckpointThatIsOldEnoughGoes) {
  Fill();
  Snapshot before = table_.Load();
  table_.WriteLog("00000000000000000002.crc", "x");
  table_.WriteLog("00000000000000000001.00000000000000000005.compacted.json", "{}\n");
  table_.WriteLog("notes.txt", "x");
  EXPECT_EQ(CleanUpAfter(29), 0);
  EXPECT_EQ(CleanUpAfter(32), 9) << "6 commits, the checkpoint at 3, and two derived files";
  EXPECT_FALSE(Has(CommitPath("t", 5)));
  EXPECT_TRUE(Has(CommitPath("t", 6)));
  EXPECT_TRUE(Has("t/_delta_log/notes.txt"));
  EXPECT_EQ(PathsOf(table_.Load()), PathsOf(before));
  EXPECT_EQ(table_.Load(6).version(), 6);
  EXPECT_NE(ErrorOf(base::ErrorKind::kInput, [&] { table_.Load(4); }).find("no longer"), std::string::npos);
  EXPECT_EQ(CleanUpAfter(32), 0);
}

TEST_F(LogCleanupTest, EveryVersionYoungerThanTheRetentionLoadsAfterwards) {
  Fill("delta.logRetentionDuration", "interval 10 days");
  for (Version version = 0; version <= 7; ++version) SetAge(version, version <= 4 ? 20 : 1);
  EXPECT_EQ(CleanUpAfter(0), 3) << "version 5 is young and builds on the checkpoint at 3";
  for (Version version = 3; version <= 7; ++version) EXPECT_EQ(table_.Load(version).version(), version);
  EXPECT_FALSE(Has(CommitPath("t", 2)));
}

TEST_F(LogCleanupTest, AVersionWhoseFileSeemsOlderThanOnesBeforeItStays) {
  Fill();
  SetAge(6, 100);
  EXPECT_EQ(CleanUpAfter(0), 0);
}

TEST_F(LogCleanupTest, ATableThatKeepsItsLogKeepsIt) {
  Fill("delta.enableExpiredLogCleanup", "false");
  EXPECT_EQ(CleanUpAfter(1000), 0);
}

TEST_F(LogCleanupTest, ACommitWithACheckpointCleansUp) {
  Fill("delta.logRetentionDuration", "interval 1 day");
  for (Version version = 0; version <= 7; ++version) SetAge(version, 5000);
  table_.Append("f8", {.checkpoint_interval = 3});
  EXPECT_TRUE(Has(CommitPath("t", 0)));
  table_.Append("f9", {.checkpoint_interval = 3});
  EXPECT_FALSE(Has(CommitPath("t", 0))) << "the commits are old, the checkpoint at 6 makes them dispensable";
  EXPECT_TRUE(Has(CommitPath("t", 6)));
  EXPECT_EQ(PathsOf(table_.Load()).size(), 9U);
}

}  // namespace
}  // namespace qlake::delta
