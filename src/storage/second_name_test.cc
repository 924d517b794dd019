#include "storage/second_name.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "storage/local_storage.h"
#include "storage/scratch_folder.h"

namespace qlake::storage {
namespace {

class SecondNameTest : public ::testing::Test {
 protected:
  ScratchFolder folder_;
  LocalStorage storage_{folder_.path()};
};

TEST_F(SecondNameTest, AFileWithTwoNamesStaysUnderOneWhenTheOtherGoes) {
  storage_.Write("a/b", "12");
  GiveSecondName(storage_, "a/b", "c/d/e");
  EXPECT_EQ(std::filesystem::hard_link_count(folder_.path() + "/a/b"), 2);
  storage_.Remove("a/b");
  EXPECT_EQ(storage_.Read("c/d/e"), "12");
}

TEST_F(SecondNameTest, AnAbsentFileHasNone) {
  EXPECT_THROW(GiveSecondName(storage_, "a/b", "c/f"), base::Error);
  EXPECT_FALSE(storage_.Find("c/f"));
}

TEST_F(SecondNameTest, ANameThatIsTakenIsLeftAlone) {
  storage_.Write("a/b", "12");
  storage_.Write("a/c", "3");
  GiveSecondName(storage_, "a/b", "a/c");
  EXPECT_EQ(storage_.Read("a/c"), "3");
}

TEST_F(SecondNameTest, AFolderGoesWithAllThatIsInIt) {
  storage_.Write("a/b/c/d", "1");
  storage_.Write("a/b/e", "2");
  storage_.Write("a/f", "3");
  RemoveFolder(storage_, "a/b");
  RemoveFolder(storage_, "a/g");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/a/b"));
  EXPECT_TRUE(storage_.Find("a/f"));
}

}  // namespace
}  // namespace qlake::storage
