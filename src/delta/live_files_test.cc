#include "delta/live_files.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace qlake::delta {
namespace {

AddFile File(const std::string& path, int64_t size = 0) { return {.path = path, .size_bytes = size}; }

std::map<std::string, int64_t> SizesOf(const LiveFiles& files) {
  std::map<std::string, int64_t> sizes;
  for (const auto& [path, file] : files) {
    EXPECT_EQ(path, file.path);
    EXPECT_TRUE(sizes.empty() || sizes.rbegin()->first < path) << "ascending";
    sizes.emplace(path, file.size_bytes);
  }
  return sizes;
}

TEST(LiveFilesTest, TheyAreReadLikeAMap) {
  LiveFiles files;
  EXPECT_TRUE(files.empty());
  EXPECT_TRUE(files.begin() == files.end());
  files.PutAll({File("c", 1), File("a", 2), File("c", 3)});
  files.Put(File("b", 4));
  files.Remove("a");
  files.Remove("nowhere");
  EXPECT_EQ(SizesOf(files), (std::map<std::string, int64_t>{{"b", 4}, {"c", 3}}));
  EXPECT_EQ(files.size(), 2u);
  EXPECT_EQ(files.begin()->first, "b");
  EXPECT_EQ(files.find("c")->second.size_bytes, 3);
  EXPECT_TRUE(files.find("a") == files.end());
  EXPECT_FALSE(files.contains("a"));
  EXPECT_EQ(files.at("b").size_bytes, 4);
  EXPECT_THROW(files.at("a"), std::out_of_range);
}

TEST(LiveFilesTest, ACopyKeepsItsFilesWhateverBecomesOfTheOther) {
  LiveFiles files;
  files.PutAll({File("a", 1), File("b", 2)});
  LiveFiles before = files;
  const AddFile* b = &before.at("b");
  files.Remove("a");
  files.Put(File("b", 3));
  EXPECT_EQ(SizesOf(before), (std::map<std::string, int64_t>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(SizesOf(files), (std::map<std::string, int64_t>{{"b", 3}}));
  EXPECT_EQ(b, &before.at("b"));
}

TEST(LiveFilesTest, AnyHistoryGivesWhatAMapGives) {
  std::mt19937 random(5);
  LiveFiles files;
  std::map<std::string, int64_t> expected;
  for (int step = 0; step < 30'000; ++step) {
    std::string path = std::to_string(random() % 4000);
    if (random() % 3 == 0) {
      files.Remove(path);
      expected.erase(path);
    } else {
      files.Put(File(path, step));
      expected[path] = step;
    }
    if (step % 10 == 0) files.Settle();
    ASSERT_EQ(files.size(), expected.size());
    ASSERT_EQ(files.contains(path), expected.contains(path));
    if (step % 3000 != 0) continue;
    ASSERT_EQ(SizesOf(files), expected);
  }
  EXPECT_EQ(SizesOf(files), expected);
}

}  // namespace
}  // namespace qlake::delta
