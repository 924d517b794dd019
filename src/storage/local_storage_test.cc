#include "storage/local_storage.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "storage/path.h"

namespace qlake::storage {
namespace {

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

using Strings = std::vector<std::string>;

template <typename Call>
void ExpectError(base::ErrorKind kind, Call call) {
  try {
    call();
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
  }
}

TEST_F(LocalStorageTest, AppendedBytesFollowThoseThatAreThere) {
  storage_->Write("a/b", "12");
  storage_->Append("a/b", "");
  storage_->Append("a/b", "345");
  EXPECT_EQ(storage_->Read("a/b"), "12345");
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Append("a/absent", "1"); });
  EXPECT_FALSE(storage_->Find("a/absent"));
}

TEST_F(LocalStorageTest, WrittenBytesAreReadBackWholeAndInRanges) {
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  storage_->Write("a/b=1/c d%20ü.parquet", bytes);
  EXPECT_EQ(storage_->Read("a/b=1/c d%20ü.parquet"), bytes);
  EXPECT_EQ(storage_->ReadIfPresent("a/b=1/c d%20ü.parquet"), bytes);
  EXPECT_EQ(storage_->ReadRange("a/b=1/c d%20ü.parquet", 99'990, 10), bytes.substr(99'990));
  EXPECT_EQ(storage_->ReadRange("a/b=1/c d%20ü.parquet", 100'000, 0), "");
  storage_->Write("a/b=1/c d%20ü.parquet", "short");
  EXPECT_EQ(storage_->Read("a/b=1/c d%20ü.parquet"), "short");
}

TEST_F(LocalStorageTest, WhatIsAbsentIsAnErrorOnlyWhereTheCallerCountsOnIt) {
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Read("none"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->ReadRange("none", 0, 1); });
  storage_->Write("file", "12345");
  ExpectError(base::ErrorKind::kIo, [&] { storage_->ReadRange("file", 3, 3); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->ReadRange("file", 6, 0); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->ReadRange("file", 1, UINT64_MAX); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Sync(Strings{"none"}); });
  EXPECT_EQ(storage_->ReadIfPresent("none/below"), std::nullopt);
  EXPECT_EQ(storage_->ReadIfPresent("file/below"), std::nullopt);
  EXPECT_FALSE(storage_->Find("none"));
  EXPECT_TRUE(storage_->List("none").empty());
  storage_->Remove("none/below");
}

TEST_F(LocalStorageTest, FindTellsSizeAndTimeOfFilesAndKnowsNoFolders) {
  storage_->Write("folder/file", "12345");
  auto entry = storage_->Find("folder/file");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->path, "folder/file");
  EXPECT_EQ(entry->bytes, 5u);
  EXPECT_NEAR(static_cast<double>(entry->modified.us), static_cast<double>(base::SystemClock().Now().us), 60e6);
  EXPECT_FALSE(storage_->Find("folder"));
}

TEST_F(LocalStorageTest, ListsAreSortedByPathAndNameTheFolderAsTheCallerDid) {
  for (const char* path : {"t/z", "t/a", "t/p=2/x", "t/p=1/q=1/y", "t/.hidden", "top"}) storage_->Write(path, "x");
  EXPECT_EQ(Paths(storage_->List("t")), (Strings{"t/.hidden", "t/a", "t/z"}));
  EXPECT_EQ(Paths(storage_->ListAll("t")), (Strings{"t/.hidden", "t/a", "t/p=1/q=1/y", "t/p=2/x", "t/z"}));
  EXPECT_EQ(Paths(storage_->List("")), (Strings{"top"}));
  EXPECT_EQ(storage_->ListAll("").size(), 6u);
}

TEST_F(LocalStorageTest, APutThatACrashCutShortIsInNoList) {
  storage_->Write("t/a", "x");
  std::ofstream(root_ + "/lake/t/.qlake-put-1-2-3") << "half";
  EXPECT_EQ(Paths(storage_->List("t")), (Strings{"t/a"}));
  EXPECT_EQ(Paths(storage_->ListAll("")), (Strings{"t/a"}));
}

TEST_F(LocalStorageTest, PathsThatLeaveTheRootOrAreNoPathsAreRefused) {
  constexpr std::array<std::string_view, 10> kPaths = {
      "", "/", "/etc/../etc/passwd", "a//b", "a/", ".", "..", "a/../b", "a/./b", std::string_view("a\0b", 3)};
  for (std::string_view path : kPaths) {
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Read(path); });
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Write(path, "x"); });
    ExpectError(base::ErrorKind::kInput, [&] { static_cast<void>(storage_->PutIfAbsent(path, "x")); });
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Replace(path, "x"); });
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Remove(path); });
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Sync(Strings{std::string(path)}); });
    ExpectError(base::ErrorKind::kInput, [&] { storage_->Find(path); });
    if (!path.empty()) ExpectError(base::ErrorKind::kInput, [&] { storage_->List(path); });
  }
  EXPECT_EQ(storage_->Url("..a/b"), root_ + "/lake/..a/b");
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

TEST_F(LocalStorageTest, PutIfAbsentCreatesAFileOnceAndLeavesNothingElse) {
  EXPECT_TRUE(storage_->PutIfAbsent("t/_delta_log/0.json", "first"));
  EXPECT_FALSE(storage_->PutIfAbsent("t/_delta_log/0.json", "second"));
  EXPECT_EQ(storage_->Read("t/_delta_log/0.json"), "first");
  auto items = std::filesystem::directory_iterator(root_ + "/lake/t/_delta_log");
  EXPECT_EQ(std::distance(begin(items), end(items)), 1);
}

TEST_F(LocalStorageTest, OfRacingPutsExactlyOneWinsEachRound) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 100;
  std::vector<std::atomic<int>> winners(kRounds);
  std::vector<std::atomic<int>> wins(kRounds);
  std::barrier barrier(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < kRounds; ++round) {
          barrier.arrive_and_wait();
          if (storage_->PutIfAbsent("log/" + std::to_string(round), std::to_string(thread))) {
            winners[round] = thread;
            ++wins[round];
          }
        }
      });
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_EQ(wins[round], 1) << round;
    EXPECT_EQ(storage_->Read("log/" + std::to_string(round)), std::to_string(winners[round])) << round;
  }
  EXPECT_EQ(storage_->List("log").size(), static_cast<size_t>(kRounds));
}

TEST_F(LocalStorageTest, ReplaceMakesAndReplacesAFile) {
  storage_->Replace("t/_last_checkpoint", "old");
  storage_->Replace("t/_last_checkpoint", "new");
  EXPECT_EQ(storage_->Read("t/_last_checkpoint"), "new");
  auto items = std::filesystem::directory_iterator(root_ + "/lake/t");
  EXPECT_EQ(std::distance(begin(items), end(items)), 1);
}

TEST_F(LocalStorageTest, ManyThreadsWriteIntoNewFoldersAndSyncThem) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      Strings paths;
      for (int i = 0; i < 20; ++i) {
        paths.push_back("t/day=" + std::to_string(i) + "/hour=1/" + std::to_string(thread));
        storage_->Write(paths.back(), "x");
      }
      storage_->Sync(paths);
    });
  }
  threads.clear();
  EXPECT_EQ(storage_->ListAll("t").size(), 160u);
}

TEST_F(LocalStorageTest, AFolderWhereAFileIsWantedIsAnIoError) {
  storage_->Write("folder/file", "x");
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Write("folder", "x"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Write("folder/file/below", "x"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Read("folder"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Remove("folder"); });
  EXPECT_FALSE(storage_->PutIfAbsent("folder", "x"));
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
