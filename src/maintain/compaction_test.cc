#include "maintain/compaction.h"

#include "base/error.h"
#include "lake/same_rows.h"
#include "maintain/test_lake.h"

namespace qlake::maintain {
namespace {

class CompactionTest : public MaintainedLakeTest {
 protected:
  TableCompaction Compact(CompactionOptions options = {}, WorkBudget::Limits limits = {}) {
    options.tables = {kTable};
    options.sort_by = {{kTable, {"rows_failed"}}};
    options.run_id = "run";
    WorkBudget budget(limits);
    auto report = maintain::Compact(*lake_, options, budget);
    out_of_budget_ = report.out_of_budget;
    return report.tables.at(0);
  }
  bool out_of_budget_ = false;
};

TEST_F(CompactionTest, TheRowsStayAndTheFilesBecomeOne) {
  for (int i = 5; i > 0; --i) Append(i);
  std::string rows = Rows();
  auto result = Compact();
  EXPECT_EQ(result.files_before, 5);
  EXPECT_EQ(result.files_after, 1);
  EXPECT_EQ(result.rows, 5);
  EXPECT_EQ(result.small_files_left, 0);
  EXPECT_EQ(Rows(), rows);
  EXPECT_EQ(Compact().files_merged, 0);
}

TEST_F(CompactionTest, ReadersOfAPublishedVersionGetTheNewestOfTheSameRows) {
  for (int i = 0; i < 4; ++i) Append(i);
  delta::Version published = lake_->Load(kTable)->version();
  Compact();
  EXPECT_EQ(lake::LoadNewestWithRowsOf(*lake_, kTable, published)->version(), published + 1);
  Append(9);
  EXPECT_EQ(lake::LoadNewestWithRowsOf(*lake_, kTable, published)->version(), published + 1);
  EXPECT_EQ(lake::LoadNewestWithRowsOf(*lake_, kTable, published - 1)->version(), published - 1);
  EXPECT_FALSE(lake::LoadNewestWithRowsOf(*lake_, kTable, delta::kNoVersion));
}

TEST_F(CompactionTest, ABudgetThatIsSpentLeavesTheRestForTheNextTime) {
  for (int i = 0; i < 4; ++i) Append(i);
  EXPECT_EQ(Compact({}, {.bytes = 0}).files_merged, 0);
  EXPECT_TRUE(out_of_budget_);
  EXPECT_EQ(Compact({}, {.time = std::chrono::hours(1)}).files_merged, 4);
  EXPECT_FALSE(out_of_budget_);
}

TEST_F(CompactionTest, ATargetThatDoesNotFitTheMemoryIsRefused) {
  Append(1);
  CompactionOptions options;
  options.sizes.target_bytes = uint64_t{1} << 30;
  EXPECT_THROW(Compact(options), base::Error);
}

}  // namespace
}  // namespace qlake::maintain
