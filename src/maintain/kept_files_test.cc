#include "maintain/kept_files.h"

#include "maintain/test_lake.h"

namespace qlake::maintain {
namespace {

class KeptFilesTest : public MaintainedLakeTest {
 protected:
  // One version an hour: each with one file, which stands for those before.
  void SetUp() override {
    for (int i = 0; i < 4; ++i) {
      lake::Writer writer(*lake_, "run", std::chrono::milliseconds(0));
      engine::TableChange change;
      change.insert_sql = lake::SelectRows(
          lake::ChecksSchema(), {{"sales", "units", "warn", std::to_string(i), "1", "run", "2023-05-20T14:00:00Z"}});
      change.replace = true;
      writer.Commit(lake::TargetOf(lake::ChecksSchema()), change, {}, "REPLACE");
      files_.push_back(lake_->Load(kTable)->files().begin()->first);
      clock_.Forward(std::chrono::hours(1));
    }
  }
  base::Timestamp HoursAgo(int hours) const { return {clock_.Now().us - int64_t{hours} * 3'600'000'000}; }
  std::set<std::string> FilesFrom(size_t first) const {
    return {files_.begin() + static_cast<long>(first), files_.end()};
  }

  std::vector<std::string> files_;  // Of each version.
};

TEST_F(KeptFilesTest, AVersionCountsUntilItHasBeenReplacedForLongerThanTheRetention) {
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(0), {}), FilesFrom(3));
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(1), {}), FilesFrom(3));
  // Two hours ago version 2 was the newest; an instant before it was version 1.
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(2), {}), FilesFrom(2));
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, {HoursAgo(2).us - 1000}, {}), FilesFrom(1));
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(1000), {}), FilesFrom(0));
}

TEST_F(KeptFilesTest, WantedVersionsCountHoweverOldTheyAre) {
  auto kept = FilesFrom(3);
  kept.insert(files_[1]);
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(0), {{1}, {}}), kept);
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(0), {{}, 1}), FilesFrom(1));
  EXPECT_EQ(FindKeptFiles(*lake_, kTable, HoursAgo(0), {{99}, 99}), FilesFrom(3)) << "a version that there is not";
}

}  // namespace
}  // namespace qlake::maintain
