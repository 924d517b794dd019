#include "storage/local_storage.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/path.h"
#include "storage/storage_contract.h"

namespace qlake::storage {
namespace {

// A folder of its own for each storage, gone with the next one.
class LocalStorages {
 public:
  ~LocalStorages() { std::filesystem::remove_all(root_); }

  std::unique_ptr<Storage> Open() {
    std::filesystem::remove_all(root_);
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_contract_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    return OpenLocalStorage(root_);
  }
  Strings Names(const std::string& folder) const {
    Strings names;
    for (const auto& entry : std::filesystem::directory_iterator(root_ + "/" + folder)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

 private:
  std::string root_ = "/nonexistent/qlake";
};

StorageUnderTest LocalUnderTest() {
  auto storages = std::make_shared<LocalStorages>();
  return {"local", [storages] { return storages->Open(); },
          [storages](const std::string& folder) { return storages->Names(folder); }};
}

INSTANTIATE_TEST_SUITE_P(Local, StorageContractTest, ::testing::Values(LocalUnderTest()),
                         [](const auto& tested) { return tested.param.name; });

class LocalStorageTest : public ::testing::Test {
 protected:
  LocalStorageTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_storage_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    storage_ = OpenLocalStorage(root_ + "/lake");
  }
  ~LocalStorageTest() override { std::filesystem::remove_all(root_); }

  std::vector<std::string> Paths(const std::vector<Entry>& entries) const {
    std::vector<std::string> paths;
    for (const Entry& entry : entries) paths.push_back(entry.path);
    return paths;
  }

  std::string root_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(LocalStorageTest, APutThatACrashCutShortIsInNoList) {
  storage_->Write("t/a", "x");
  std::ofstream(root_ + "/lake/t/.qlake-put-1-2-3") << "half";
  EXPECT_EQ(Paths(storage_->List("t")), (Strings{"t/a"}));
  EXPECT_EQ(Paths(storage_->ListAll("")), (Strings{"t/a"}));
}

TEST_F(LocalStorageTest, FilesElsewhereOnTheDiskAreReadByAbsolutePathAndNeverWritten) {
  std::string path = root_ + "/elsewhere=%20.bin";
  std::ofstream(path) << "bytes";
  EXPECT_EQ(storage_->Read(path), "bytes");
  EXPECT_EQ(storage_->ReadRange(path, 1, 2), "yt");
  EXPECT_EQ(storage_->Find(path)->bytes, 5u);
  EXPECT_EQ(storage_->Url(path), path);
  EXPECT_FALSE(storage_->Find(root_ + "/absent"));
  ExpectError(base::ErrorKind::kInput, [&] { storage_->Write(path, "x"); });
  ExpectError(base::ErrorKind::kInput, [&] { static_cast<void>(storage_->PutIfAbsent(path, "x")); });
  ExpectError(base::ErrorKind::kInput, [&] { storage_->Replace(path, "x"); });
  ExpectError(base::ErrorKind::kInput, [&] { storage_->Remove(path); });
  EXPECT_EQ(storage_->Read(path), "bytes");
}

TEST_F(LocalStorageTest, TheRootAndTheFoldersAboveItAreMade) {
  auto deep = OpenLocalStorage(root_ + "/x/y/../z/");
  deep->Write("file", "x");
  EXPECT_EQ(deep->Url("file"), root_ + "/x/z/file");
  EXPECT_TRUE(std::filesystem::exists(root_ + "/x/z/file"));
  ExpectError(base::ErrorKind::kInput, [] { OpenLocalStorage(""); });
  std::ofstream(root_ + "/taken") << "file";
  ExpectError(base::ErrorKind::kIo, [&] { OpenLocalStorage(root_ + "/taken/lake"); });
}

TEST(PathTest, JoinsAndTakesApart) {
  EXPECT_EQ(JoinPath("a/b", "c"), "a/b/c");
  EXPECT_EQ(JoinPath("", "c"), "c");
  EXPECT_EQ(ParentOf("a/b/c"), "a/b");
  EXPECT_EQ(ParentOf("c"), "");
}

}  // namespace
}  // namespace qlake::storage
