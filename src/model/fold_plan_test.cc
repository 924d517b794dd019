#include "model/fold_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qlake::model {
namespace {

using Paths = std::vector<std::string>;

std::vector<SummedFile> FilesOf(const std::vector<int64_t>& rows) {
  std::vector<SummedFile> files;
  for (size_t i = 0; i < rows.size(); ++i) files.push_back({std::string(1, static_cast<char>('a' + i)), rows[i]});
  return files;
}

TEST(FoldPlanTest, AnEmptyTableFoldsNothing) { EXPECT_EQ(PlanFold({}, 1500), Paths{}); }

TEST(FoldPlanTest, ATierIsFoldedByTheBatchThatFillsIt) {
  EXPECT_EQ(PlanFold(FilesOf({1500, 1500, 1500, 1500, 1500, 1500}), 1400), Paths{});
  EXPECT_EQ(PlanFold(FilesOf({1500, 1500, 1500, 1500, 1500, 1500, 1500}), 1400),
            (Paths{"a", "b", "c", "d", "e", "f", "g"}));
}

TEST(FoldPlanTest, AFullTierFoldsTheNextOneThatItFills) {
  // Seven of 12,000 rows, seven of 1,500, and one large file that stays.
  std::vector<int64_t> rows(7, 12'000);
  rows.insert(rows.end(), 7, 1500);
  rows.push_back(300'000);
  auto folded = PlanFold(FilesOf(rows), 1400);
  EXPECT_EQ(folded.size(), 14U);
  EXPECT_EQ(std::count(folded.begin(), folded.end(), "o"), 0);
}

TEST(FoldPlanTest, AboveTheFirstATierKeepsOneFile) {
  EXPECT_EQ(PlanFold(FilesOf({100'000}), 50'000), (Paths{"a"}));
  EXPECT_EQ(PlanFold(FilesOf({12'000, 100'000}), 10'000), (Paths{"a"}));
  EXPECT_EQ(PlanFold(FilesOf({12'000, 100'000}), 1500), Paths{});
}

TEST(FoldPlanTest, ABatchAsLargeAsATierFoldsIt) {
  EXPECT_EQ(PlanFold(FilesOf({1000, 2000, 40'000}), 3000), (Paths{"a", "b"}));
  EXPECT_EQ(PlanFold(FilesOf({1000, 2000, 40'000}), 40'000), (Paths{"a", "b", "c"}));
  EXPECT_EQ(PlanFold(FilesOf({1000, 2000}), 1), Paths{});
}

TEST(FoldPlanTest, FilesWithoutACountAreFoldedWithTheNextBatch) {
  EXPECT_EQ(PlanFold(FilesOf({0, 0}), 1), (Paths{"a", "b"}));
}

// What a mart of `keys` keys comes to with batch after batch, each of other keys while there are any.
struct Growth {
  size_t files_max = 0;
  int64_t rows_max = 0;      // That a reader adds up.
  int64_t rows_written = 0;  // In all batches.
};

Growth Grow(int64_t batches, int64_t batch_rows, int64_t keys) {
  Growth growth;
  std::vector<SummedFile> files;
  for (int64_t batch = 0; batch < batches; ++batch) {
    auto folded = PlanFold(files, batch_rows);
    int64_t rows = batch_rows;
    std::erase_if(files, [&](const SummedFile& file) {
      if (std::find(folded.begin(), folded.end(), file.path) == folded.end()) return false;
      rows += file.rows;
      return true;
    });
    files.push_back({std::to_string(batch), std::min(rows, keys)});
    growth.rows_written += files.back().rows;
    growth.files_max = std::max(growth.files_max, files.size());
    int64_t live_rows = 0;
    for (const auto& file : files) live_rows += file.rows;
    growth.rows_max = std::max(growth.rows_max, live_rows);
  }
  return growth;
}

TEST(FoldPlanTest, TwoYearsOfHoursLeaveFewFilesAndCostWhatTheyBring) {
  constexpr int64_t kHours = 17'520;
  constexpr int64_t kRows = 1500;
  // 26 million keys, a mart that never repeats one: a row is written some times a tier.
  auto distinct = Grow(kHours, kRows, kHours * kRows);
  EXPECT_LE(distinct.files_max, 7U + 5);
  EXPECT_LE(distinct.rows_written, kHours * kRows * 13);
  // A mart whose keys all come up within some days.
  auto saturated = Grow(kHours, kRows, 200'000);
  EXPECT_LE(saturated.files_max, 7U + 3);
  EXPECT_LE(saturated.rows_max, 250'000);
  EXPECT_LE(saturated.rows_written, kHours * kRows * 8);
  // A mart that is just larger than a tier, so that the tier below comes to nearly as much.
  auto above_tier = Grow(kHours, kRows, 300'000);
  EXPECT_LE(above_tier.files_max, 7U + 3);
  EXPECT_LE(above_tier.rows_max, 600'000);
  // A mart of a hundred keys.
  auto small = Grow(kHours, 100, 100);
  EXPECT_EQ(small.files_max, 1U);
  EXPECT_EQ(small.rows_max, 100);
}

}  // namespace
}  // namespace qlake::model
