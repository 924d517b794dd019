#include "maintain/table_restore.h"

#include "base/error.h"
#include "delta/path_encoding.h"
#include "maintain/test_lake.h"

namespace qlake::maintain {
namespace {

class TableRestoreTest : public MaintainedLakeTest {
 protected:
  TableRestore Restore(delta::Version version) {
    lake::Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    return RestoreTable(writer, kTable, version);
  }
  template <typename Call>
  std::string InputErrorOf(Call call) {
    try {
      call();
    } catch (const base::Error& error) {
      return error.kind() == base::ErrorKind::kInput ? error.message() : "another kind: " + error.message();
    }
    return "no error";
  }
};

TEST_F(TableRestoreTest, TheRowsAndTheProgressOfThatVersionComeBack) {
  Append(1, 10);
  Append(2, 20);
  Append(3, 30);
  auto restore = Restore(1);
  EXPECT_EQ(restore.files_removed, 1);
  EXPECT_EQ(restore.version, 3);
  EXPECT_EQ(Rows(), "1 2 ");
  EXPECT_EQ(lake_->Load(kTable)->TransactionVersion("qlake.test"), 20);
  EXPECT_EQ(Restore(1).version, 3) << "done twice it is done once";
  EXPECT_EQ(Restore(2).files_added, 1) << "and it can be undone";
  EXPECT_EQ(Rows(), "1 2 3 ");
  EXPECT_EQ(lake_->Load(kTable)->TransactionVersion("qlake.test"), 30);
}

TEST_F(TableRestoreTest, ATableCanGoBackToBeforeItsFirstVersion) {
  Append(1, 10);
  Restore(delta::kNoVersion);
  EXPECT_EQ(Rows(), "");
  EXPECT_EQ(lake_->Load(kTable)->TransactionVersion("qlake.test"), -1);
}

TEST_F(TableRestoreTest, AVersionWhoseFilesAreGoneIsRefused) {
  Append(1);
  std::string file = lake_->Load(kTable)->files().begin()->first;
  Append(2);
  Restore(delta::kNoVersion);
  lake_->storage().Remove(delta::LocateFile(lake::TablePath(kTable), file));
  EXPECT_NE(InputErrorOf([&] { Restore(1); }).find("vacuumed"), std::string::npos);
  EXPECT_NE(InputErrorOf([&] { Restore(99); }).find("has no version 99"), std::string::npos);
  EXPECT_EQ(Rows(), "");
}

TEST_F(TableRestoreTest, ProgressThatHasMovedForbidsATableAlone) {
  Append(1, 10);
  Append(2);
  Append(3, 20);
  EXPECT_NO_THROW(RequireSameProgress(*lake_, kTable, 2));
  std::string error = InputErrorOf([&] { RequireSameProgress(*lake_, kTable, 1); });
  EXPECT_NE(error.find("qlake.test has come from 10 to 20"), std::string::npos) << error;
}

}  // namespace
}  // namespace qlake::maintain
