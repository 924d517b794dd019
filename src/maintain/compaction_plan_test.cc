#include "maintain/compaction_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

namespace qlake::maintain {
namespace {

constexpr uint64_t kKiB = 1024;

std::vector<SizedFile> Files(const std::vector<uint64_t>& sizes) {
  std::vector<SizedFile> files;
  for (size_t i = 0; i < sizes.size(); ++i) files.push_back({"f" + std::to_string(100 + i), sizes[i]});
  return files;
}

TEST(CompactionPlanTest, SmallFilesBecomeOne) {
  auto groups = PlanMerges(Files(std::vector<uint64_t>(24, 4 * kKiB)), {});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].size(), 24u);
}

TEST(CompactionPlanTest, ABigFileIsNotWrittenAgainForAFewSmallOnes) {
  auto groups = PlanMerges(Files({10'000 * kKiB, 4 * kKiB, 4 * kKiB, 4 * kKiB, 4 * kKiB}), {});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0], (std::vector<std::string>{"f101", "f102", "f103", "f104"}));
}

TEST(CompactionPlanTest, FewFilesWaitForMore) {
  EXPECT_TRUE(PlanMerges(Files({4 * kKiB, 4 * kKiB, 4 * kKiB}), {}).empty());
  EXPECT_EQ(PlanMerges(Files({4 * kKiB, 4 * kKiB, 4 * kKiB}), {.files_min = 2}).size(), 1u);
  EXPECT_TRUE(PlanMerges(Files({4 * kKiB}), {.files_min = 1}).empty()) << "one file is as good as it gets";
}

TEST(CompactionPlanTest, SmallerFilesComeAlongWithLargerOnesThatMergeAnyway) {
  auto groups = PlanMerges(Files({1 * kKiB, 100 * kKiB, 100 * kKiB, 100 * kKiB}), {});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].size(), 4u);
}

TEST(CompactionPlanTest, GroupsEndAtTheTargetAndFullFilesStay) {
  MergeSizes sizes{.target_bytes = 100, .files_min = 2};
  std::vector<uint64_t> bytes(10, 30);
  bytes.push_back(75);
  bytes.push_back(500);
  auto groups = PlanMerges(Files(bytes), sizes);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].size(), 4u);
  EXPECT_EQ(groups[1].size(), 4u);
  EXPECT_EQ(groups[2].size(), 2u);
}

// Years of hours: the number of files stays small, and no byte is written again more than some dozen times.
TEST(CompactionPlanTest, AYearOfHoursStaysAHandfulOfFilesAtALowPrice) {
  MergeSizes sizes;
  std::vector<SizedFile> files;
  std::mt19937 random(5);
  uint64_t received = 0;
  uint64_t rewritten = 0;
  size_t most = 0;
  for (int hour = 0; hour < 365 * 24; ++hour) {
    uint64_t bytes = 3 * kKiB + random() % (3 * kKiB);
    received += bytes;
    files.push_back({"h" + std::to_string(hour), bytes});
    std::map<std::string, uint64_t> size_of;
    for (const auto& file : files) size_of[file.path] = file.bytes;
    int merged = 0;
    for (const auto& group : PlanMerges(files, sizes)) {
      uint64_t sum = 0;
      for (const auto& path : group) {
        sum += size_of.at(path);
        size_of.erase(path);
      }
      rewritten += sum;
      size_of["m" + std::to_string(hour) + "-" + std::to_string(merged++)] = sum;
    }
    files.clear();
    for (const auto& [path, size] : size_of) files.push_back({path, size});
    most = std::max(most, files.size());
  }
  EXPECT_LE(most, 16u);
  EXPECT_LE(rewritten, received * 10);
}

}  // namespace
}  // namespace qlake::maintain
