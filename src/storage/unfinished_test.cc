#include "storage/unfinished.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace qlake::storage {
namespace {

TEST(UnfinishedTest, FindsWhatACrashLeftAndNothingElse) {
  std::string pattern = (std::filesystem::temp_directory_path() / "qlake_unfinished_XXXXXX").string();
  std::filesystem::path root = ::mkdtemp(pattern.data());
  auto storage = OpenLocalStorage(root);
  storage->Write("t/_delta_log/0.json", "whole");
  storage->Replace("t/x", "whole");
  EXPECT_TRUE(ListUnfinished(*storage, "").empty());
  std::ofstream(root / "t/_delta_log/.qlake-put-1-2-3") << "half";
  std::ofstream(root / "t/.hidden") << "another's";
  auto found = ListUnfinished(*storage, "");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].path, "t/_delta_log/.qlake-put-1-2-3");
  EXPECT_EQ(found[0].bytes, 4u);
  EXPECT_GT(found[0].modified.us, 0);
  EXPECT_TRUE(ListUnfinished(*storage, "no/such/folder").empty());
  storage->Remove(found[0].path);
  EXPECT_TRUE(ListUnfinished(*storage, "t").empty());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace qlake::storage
