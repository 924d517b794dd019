#include "hive/file_folders.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/error.h"
#include "storage/local_storage.h"
#include "storage/scratch_folder.h"

namespace qlake::hive {
namespace {

class FileFoldersTest : public ::testing::Test {
 protected:
  FileFoldersTest() {
    for (const char* name : {"a", "b"}) {
      storage_.Write(std::string("marts/t/") + name, name);
      files_[name].path = name;
      files_[name].size_bytes = 1;
    }
  }

  storage::ScratchFolder folder_;
  storage::LocalStorage storage_{folder_.path()};
  std::map<std::string, delta::AddFile> files_;
};

TEST_F(FileFoldersTest, AFolderHoldsItsFilesAndIsNamedByThem) {
  FileFolders folders(storage_, "marts.t");
  FileFolders::Files both = {&files_["a"], &files_["b"]};
  std::string name = folders.NameOf(both);
  EXPECT_NE(name, folders.NameOf({&files_["a"]}));
  folders.Fill(name, both);
  EXPECT_EQ(storage_.Read(FileFoldersPath("marts.t") + "/" + name + "/part-00001.parquet"), "b");
  EXPECT_EQ(folders.Url(name), "file://" + folder_.path() + "/_qlake/hive/marts.t/" + name);
}

TEST_F(FileFoldersTest, WhatAKilledRunLeftIsMadeWhole) {
  FileFolders::Files both = {&files_["a"], &files_["b"]};
  std::string name = FileFolders(storage_, "marts.t").NameOf(both);
  FileFolders(storage_, "marts.t").Fill(name, both);
  std::string second = FileFoldersPath("marts.t") + "/" + name + "/part-00001.parquet";
  storage_.Remove(second);
  FileFolders(storage_, "marts.t").Fill(name, both);
  EXPECT_EQ(storage_.Read(second), "b");
}

TEST_F(FileFoldersTest, FoldersGoWhenTheyWereLeftLongAgoAndAreNotInUse) {
  FileFolders folders(storage_, "marts.t");
  for (const char* name : {"a", "b"}) folders.Fill(name, {&files_[name]});
  folders.NoteMove({100}, "one", {"a", "b"});
  folders.Clean({100}, {"b"});
  EXPECT_EQ(storage_.ListFolders(FileFoldersPath("marts.t")).size(), 3U) << "it was not long ago";
  folders.Clean({101}, {"b"});
  EXPECT_FALSE(storage_.Find(FileFoldersPath("marts.t") + "/a/part-00000.parquet"));
  EXPECT_TRUE(storage_.Find(FileFoldersPath("marts.t") + "/b/part-00000.parquet"));
}

TEST_F(FileFoldersTest, AFolderThatCameBackIsKeptAsLongAsItsLastMoveAsks) {
  FileFolders folders(storage_, "marts.t");
  folders.Fill("a", {&files_["a"]});
  folders.NoteMove({100}, "one", {"a"});
  folders.NoteMove({200}, "two", {"a"});
  folders.Clean({150}, {});
  EXPECT_TRUE(storage_.Find(FileFoldersPath("marts.t") + "/a/part-00000.parquet"));
  folders.Clean({250}, {});
  EXPECT_FALSE(storage_.Find(FileFoldersPath("marts.t") + "/a/part-00000.parquet"));
}

TEST_F(FileFoldersTest, FoldersThatNoMoveHasNotedGoToo) {
  for (const char* name : {"a", "b"}) FileFolders(storage_, "marts.t").Fill(name, {&files_[name]});
  FileFolders used(storage_, "marts.t");
  used.NoteStrays({100}, "one", {"b"});
  used.Clean({101}, {"b"});
  EXPECT_FALSE(storage_.Find(FileFoldersPath("marts.t") + "/a/part-00000.parquet"));
  EXPECT_TRUE(storage_.Find(FileFoldersPath("marts.t") + "/b/part-00000.parquet"));
  // The table is not published any more.
  EXPECT_EQ(TablesWithFolders(storage_), std::vector<std::string>{"marts.t"});
  FileFolders forgotten(storage_, "marts.t");
  forgotten.NoteStrays({200}, "two", {});
  forgotten.Clean({150}, {});
  forgotten.RemoveIfBare();
  EXPECT_EQ(TablesWithFolders(storage_).size(), 1U) << "a query may read it still";
  forgotten.Clean({201}, {});
  forgotten.RemoveIfBare();
  EXPECT_TRUE(TablesWithFolders(storage_).empty());
}

TEST_F(FileFoldersTest, AFileWithDeletedRowsIsRefused) {
  files_["a"].deletion_vector = delta::DeletionVector{};
  FileFolders folders(storage_, "marts.t");
  EXPECT_THROW(folders.Fill("x", {&files_["a"]}), base::Error);
}

}  // namespace
}  // namespace qlake::hive
