#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "storage/storage.h"

// What every Storage does, whatever it lies on: tests that are instantiated once for each implementation. Included by
// one file of a test program.
namespace qlake::storage {

using Strings = std::vector<std::string>;

// A storage that is empty, and a look at what lies in it without it.
struct StorageUnderTest {
  std::string name;
  std::function<std::unique_ptr<Storage>()> open;           // An empty one, which lasts until the next.
  std::function<Strings(const std::string& folder)> names;  // Of all files in the folder of it, hidden ones too.
  int racing_rounds = 100;
};

inline std::ostream& operator<<(std::ostream& out, const StorageUnderTest& tested) { return out << tested.name; }

class StorageContractTest : public ::testing::TestWithParam<StorageUnderTest> {
 protected:
  StorageContractTest() : storage_(GetParam().open()) {}

  Strings Paths(const std::vector<Entry>& entries) const {
    Strings paths;
    for (const Entry& entry : entries) paths.push_back(entry.path);
    return paths;
  }

  std::unique_ptr<Storage> storage_;
};

template <typename Call>
void ExpectError(base::ErrorKind kind, Call call) {
  try {
    call();
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
  }
}

TEST_P(StorageContractTest, AppendedBytesFollowThoseThatAreThere) {
  storage_->Write("a/b", "12");
  storage_->Append("a/b", "");
  storage_->Append("a/b", "345");
  EXPECT_EQ(storage_->Read("a/b"), "12345");
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Append("a/absent", "1"); });
  EXPECT_FALSE(storage_->Find("a/absent"));
}

TEST_P(StorageContractTest, WrittenBytesAreReadBackWholeAndInRanges) {
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

TEST_P(StorageContractTest, WhatIsAbsentIsAnErrorOnlyWhereTheCallerCountsOnIt) {
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

TEST_P(StorageContractTest, FindTellsSizeAndTimeOfFilesAndKnowsNoFolders) {
  storage_->Write("folder/file", "12345");
  auto entry = storage_->Find("folder/file");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->path, "folder/file");
  EXPECT_EQ(entry->bytes, 5u);
  EXPECT_NEAR(static_cast<double>(entry->modified.us), static_cast<double>(base::SystemClock().Now().us), 60e6);
  EXPECT_FALSE(storage_->Find("folder"));
}

TEST_P(StorageContractTest, ListsAreSortedByPathAndNameTheFolderAsTheCallerDid) {
  for (const char* path : {"t/z", "t/a", "t/p=2/x", "t/p=1/q=1/y", "t/.hidden", "top"}) storage_->Write(path, "x");
  EXPECT_EQ(Paths(storage_->List("t")), (Strings{"t/.hidden", "t/a", "t/z"}));
  EXPECT_EQ(Paths(storage_->ListAll("t")), (Strings{"t/.hidden", "t/a", "t/p=1/q=1/y", "t/p=2/x", "t/z"}));
  EXPECT_EQ(Paths(storage_->List("")), (Strings{"top"}));
  EXPECT_EQ(storage_->ListAll("").size(), 6u);
  EXPECT_EQ(storage_->ListFolders("t"), (Strings{"p=1", "p=2"}));
  EXPECT_EQ(storage_->ListFolders(""), (Strings{"t"}));
  EXPECT_TRUE(storage_->ListFolders("absent").empty());
  EXPECT_TRUE(storage_->ListFolders("top").empty());
}

TEST_P(StorageContractTest, PathsThatLeaveTheRootOrAreNoPathsAreRefused) {
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
  EXPECT_EQ(storage_->Url("..a/b"), storage_->Url("") + "/..a/b");
}

TEST_P(StorageContractTest, PutIfAbsentCreatesAFileOnceAndLeavesNothingElse) {
  EXPECT_TRUE(storage_->PutIfAbsent("t/_delta_log/0.json", "first"));
  EXPECT_FALSE(storage_->PutIfAbsent("t/_delta_log/0.json", "second"));
  EXPECT_EQ(storage_->Read("t/_delta_log/0.json"), "first");
  EXPECT_EQ(GetParam().names("t/_delta_log"), (Strings{"0.json"})) << "hidden files count, too";
}

TEST_P(StorageContractTest, OfRacingPutsExactlyOneWinsEachRound) {
  constexpr int kThreads = 8;
  const int kRounds = GetParam().racing_rounds;
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

TEST_P(StorageContractTest, ReplaceMakesAndReplacesAFile) {
  storage_->Replace("t/_last_checkpoint", "old");
  storage_->Replace("t/_last_checkpoint", "new");
  EXPECT_EQ(storage_->Read("t/_last_checkpoint"), "new");
  EXPECT_EQ(GetParam().names("t"), (Strings{"_last_checkpoint"}));
}

TEST_P(StorageContractTest, AMovedFileIsWholeUnderItsNewNameOnly) {
  storage_->Write("scratch/t/p=a b/x.parquet", "bytes");
  storage_->Move("scratch/t/p=a b/x.parquet", "tables/t/p=a b/x.parquet");
  std::string path = "tables/t/p=a b/x.parquet";
  storage_->Sync(std::span(&path, 1));
  EXPECT_EQ(storage_->Read(path), "bytes");
  EXPECT_FALSE(storage_->Find("scratch/t/p=a b/x.parquet"));
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Move("scratch/t/absent", "tables/t/absent"); });
}

TEST_P(StorageContractTest, AFolderGoesWithAllThatIsInIt) {
  storage_->Write("scratch/a/b/c", "1");
  storage_->Write("scratch/a/d", "2");
  storage_->Write("scratch/e", "3");
  storage_->RemoveFolder("scratch/a");
  storage_->RemoveFolder("scratch/a");
  EXPECT_EQ(storage_->ListAll("scratch").size(), 1U);
  ExpectError(base::ErrorKind::kInput, [&] { storage_->RemoveFolder("../x"); });
}

TEST_P(StorageContractTest, ManyThreadsWriteIntoNewFoldersAndSyncThem) {
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

TEST_P(StorageContractTest, AFolderWhereAFileIsWantedIsAnIoError) {
  storage_->Write("folder/file", "x");
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Write("folder", "x"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Write("folder/file/below", "x"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Read("folder"); });
  ExpectError(base::ErrorKind::kIo, [&] { storage_->Remove("folder"); });
  EXPECT_FALSE(storage_->PutIfAbsent("folder", "x"));
}

TEST_P(StorageContractTest, NamesHaveAnyCharacterThatALakeGivesThem) {
  const Strings names = {"a b", "100%",  "%41", "x+y",  "x&y", "x;y", "x#y",
                         "x?y", "k=v w", "ü",   "日本", "'q'", "~",   "[a]*"};
  for (const auto& name : names) storage_->Write("t/" + name + "/" + name, name);
  for (const auto& name : names) {
    EXPECT_EQ(storage_->Read("t/" + name + "/" + name), name);
    EXPECT_EQ(Paths(storage_->List("t/" + name)), (Strings{"t/" + name + "/" + name}));
    EXPECT_TRUE(storage_->PutIfAbsent("t/" + name + "/put " + name, "x"));
    EXPECT_FALSE(storage_->PutIfAbsent("t/" + name + "/put " + name, "y"));
    storage_->Append("t/" + name + "/" + name, "+");
    EXPECT_EQ(storage_->ReadRange("t/" + name + "/" + name, name.size(), 1), "+");
    storage_->Remove("t/" + name + "/" + name);
    EXPECT_FALSE(storage_->Find("t/" + name + "/" + name));
  }
  EXPECT_EQ(storage_->ListAll("t").size(), names.size());
}

TEST_P(StorageContractTest, AnEmptyFileIsAFile) {
  storage_->Write("t/empty", "");
  EXPECT_EQ(storage_->Read("t/empty"), "");
  EXPECT_EQ(storage_->ReadIfPresent("t/empty"), "");
  EXPECT_EQ(storage_->Find("t/empty")->bytes, 0u);
  storage_->Sync(Strings{"t/empty"});
  EXPECT_TRUE(storage_->PutIfAbsent("t/put", ""));
  EXPECT_EQ(storage_->ReadRange("t/put", 0, 0), "");
}

TEST_P(StorageContractTest, AFileIsOpenedOnTheLocalDiskOnceItsCopyIsFetched) {
  std::string bytes(3'000'000, 'x');
  storage_->Write("t/a=1/b c%20.parquet", bytes);
  for (int i = 0; i < 2; ++i) {
    storage_->FetchCopies(Strings{"t/a=1/b c%20.parquet"});
    std::ifstream stream(storage_->LocalPath("t/a=1/b c%20.parquet"), std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), bytes);
    stream.close();
    storage_->RemoveCopies();
  }
  EXPECT_TRUE(storage_->LocalPath("t/a").starts_with(storage_->LocalPath("") + "/"));
}

}  // namespace qlake::storage
