// qlake copy between folders of the local disk; between a disk and HDFS: cluster/hdfs_lake_test.cc.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

class CopyTest : public LakeTest {
 public:
  void SetUp() override {
    Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "0"}}));
    MustRun({"run"});
  }

  std::string copy() const { return folder() + "/copy"; }
  ProcessResult Copy(const std::string& from, const std::string& to, const Environment& environment = {}) const {
    return Qlake({"copy", "--from", from, "--to", to, "--quiet"}, environment, folder());
  }
  // Files are there and noted, no log is.
  void CopyHalf() const { ASSERT_NE(Copy(lake(), copy(), {{"QLAKE_CRASH_AT", "copy.before_log_file"}}).exit_code, 0); }
};

TEST_F(CopyTest, ACopyAnswersAsTheLakeDoesAndGoesOn) {
  auto copied = Copy(lake(), copy());
  ASSERT_EQ(copied.exit_code, 0) << copied.err;
  auto ask = [&](const std::string& lake) {
    return Qlake({"sql", "SELECT * FROM sales_transactions_fact", "--format", "csv", "--lake", lake}, {}, folder()).out;
  };
  EXPECT_EQ(ask(copy()), ask(lake()));
  auto again = Qlake({"run", "--landing", landing(), "--lake", copy(), "--dump-dir", dump(), "--quiet"}, {}, folder());
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.out.find("0 files taken in"), std::string::npos) << again.out;
}

TEST_F(CopyTest, AnUnfinishedCopyIsNoSourceAndNoStreamWritesThere) {
  CopyHalf();
  auto second = Copy(copy(), folder() + "/second");
  EXPECT_EQ(second.exit_code, 2) << second.err;
  EXPECT_NE(second.err.find("qlake copy"), std::string::npos) << second.err;
  std::ofstream(folder() + "/events.jsonl") << "{}\n";
  auto stream = Qlake(
      {"stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--lake", copy(), "--quiet"}, {}, folder());
  EXPECT_EQ(stream.exit_code, 2) << stream.err;
  auto finished = Copy(lake(), copy());
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
}

TEST_F(CopyTest, ALakeAndItsCopyCannotStandInEachOther) {
  fs::create_directory_symlink(lake(), folder() + "/other_name");
  for (const std::string& to : {lake(), lake() + "/", folder() + "/other_name", lake() + "/copy", folder()}) {
    auto refused = Copy(lake(), to);
    EXPECT_EQ(refused.exit_code, 2) << to << refused.err;
    EXPECT_NE(refused.err.find("a lake"), std::string::npos) << refused.err;
  }
  EXPECT_FALSE(fs::exists(lake() + "/copy"));
  // A name that begins as the lake's does is another one.
  EXPECT_EQ(Copy(lake(), lake() + "2").exit_code, 0);
}

// A stream writes its files beside the copy: one may be seen before it is whole.
TEST_F(CopyTest, AFileThatGrewSinceItWasCopiedIsCopiedAgain) {
  std::string file = "/warehouse/sales_transactions_fact/part-of-a-stream.parquet";
  std::ofstream(lake() + file) << "abc";
  CopyHalf();
  ASSERT_EQ(fs::file_size(copy() + file), 3u);
  std::ofstream(lake() + file, std::ios::app) << "defghij";
  auto finished = Copy(lake(), copy());
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(ReadFile(copy() + file), "abcdefghij");
}

}  // namespace
}  // namespace qlake::testing
