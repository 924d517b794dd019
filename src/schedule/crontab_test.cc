#include "schedule/crontab.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qlake::schedule {
namespace {

constexpr const char* kUsers = "# mine\nMAILTO=me\n  5 4 * * *\techo \"a % b\"\n\n@daily backup";

TEST(CrontabTest, OnesOwnLinesStayByteForByte) {
  std::string with = WithBlock(kUsers, "/srv/lake", {"0 * * * * a", "20 * * * * b"});
  EXPECT_EQ(with.substr(0, std::string(kUsers).size()), kUsers);
  EXPECT_NE(with.find("\n0 * * * * a\n20 * * * * b\n"), std::string::npos);
  EXPECT_EQ(WithoutBlock(with, "/srv/lake"), std::string(kUsers) + "\n");
}

TEST(CrontabTest, InstallingAgainReplacesTheBlockWhereItStands) {
  std::string first = WithBlock("a\n", "/srv/lake", {"1 * * * * old"}) + "z\n";
  std::string second = WithBlock(first, "/srv/lake", {"2 * * * * new"});
  EXPECT_EQ(second.find("old"), std::string::npos);
  EXPECT_LT(second.find("2 * * * * new"), second.find("z\n"));
  EXPECT_EQ(WithoutBlock(second, "/srv/lake"), "a\nz\n");
  EXPECT_EQ(WithBlock(second, "/srv/lake", {"2 * * * * new"}), second);
}

TEST(CrontabTest, LakesHaveBlocksOfTheirOwn) {
  std::string both = WithBlock(WithBlock("", "/srv/lake", {"one"}), "/srv/lake2", {"two"});
  EXPECT_EQ(WithoutBlock(both, "/srv/lake"), WithBlock("", "/srv/lake2", {"two"}));
}

TEST(CrontabTest, ABlockWithoutItsEndIsLeftForPeople) {
  std::string broken = WithBlock("", "/srv/lake", {"one"});
  broken.erase(broken.find("# END"));
  EXPECT_THROW(WithBlock(broken + "users line\n", "/srv/lake", {"two"}), base::Error);
  EXPECT_THROW(WithoutBlock(broken, "/srv/lake"), base::Error);
}

TEST(CrontabTest, WordsAreProofAgainstShellAndCron) {
  EXPECT_EQ(CronCommand("/a b", {"/bin/q", "50% o'clock"}), "cd '/a b' && exec '/bin/q' '50\\% o'\\''clock'");
  EXPECT_THROW(CronCommand("/a\nb", {"q"}), base::Error);
  EXPECT_THROW(CronCommand("/a", {std::string(1000, 'x')}), base::Error);
}

}  // namespace
}  // namespace qlake::schedule
