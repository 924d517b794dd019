// The storage on an actual HDFS: all that every storage does, and what only servers of their own can do to it.
#include "storage/hdfs_storage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "storage/faulty_storage.h"
#include "storage/storage_contract.h"
#include "storage/web_hdfs.h"
#include "support/hdfs_cluster.h"

namespace qlake::storage {
namespace {

using qlake::testing::HdfsCluster;

HdfsOptions OptionsOf(const HdfsCluster& cluster) { return {.webhdfs = {cluster.webhdfs()}}; }

std::unique_ptr<Storage> OpenOn(HdfsCluster& cluster) {
  return std::make_unique<HdfsStorage>(cluster.NewFolder(), OptionsOf(cluster));
}

StorageUnderTest HdfsUnderTest() {
  auto root = std::make_shared<std::string>();
  return {"hdfs",
          [root] {
            HdfsCluster& cluster = HdfsCluster::Shared();
            *root = cluster.NewFolder();
            return OpenStorage(*root, OptionsOf(cluster));
          },
          [root](const std::string& folder) {
            HdfsCluster& cluster = HdfsCluster::Shared();
            WebHdfs hdfs("", OptionsOf(cluster));
            auto answer = hdfs.Get("LISTSTATUS", root->substr(cluster.hdfs().size()) + "/" + folder);
            Strings names;
            base::Json listed = base::Json::parse(answer.body);
            for (const auto& status : listed["FileStatuses"]["FileStatus"]) names.push_back(status["pathSuffix"]);
            return names;
          },
          /*racing_rounds=*/20};
}

INSTANTIATE_TEST_SUITE_P(Hdfs, StorageContractTest, ::testing::Values(HdfsUnderTest()),
                         [](const auto& tested) { return tested.param.name; });

TEST(HdfsStorageTest, ListsOfMoreThanOneAnswerAreWhole) {
  auto storage = OpenOn(HdfsCluster::Shared());
  // HDFS answers with 1,000 names at a time.
  constexpr int kFiles = 1'050;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = thread; i < kFiles; i += 8) storage->Write("t/" + std::to_string(i), "");
    });
  }
  threads.clear();
  EXPECT_EQ(storage->List("t").size(), static_cast<size_t>(kFiles));
  EXPECT_EQ(storage->ListAll("").size(), static_cast<size_t>(kFiles));
}

TEST(HdfsStorageTest, AddressesOfALakeHaveAHostAndAFolder) {
  for (const char* address :
       {"hdfs://", "hdfs:///a", "hdfs://host:1", "hdfs://host:1/", "hdfs://host:1/a/../b", "/a"}) {
    ExpectError(base::ErrorKind::kInput, [&] { HdfsStorage storage(address, {}); });
  }
  EXPECT_EQ(HdfsStorage("hdfs://host:1/a/b/", {}).Url("c/d"), "hdfs://host:1/a/b/c/d");
}

TEST(HdfsStorageTest, OfSeveralNameNodesTheOneThatAnswersIsAsked) {
  HdfsCluster& cluster = HdfsCluster::Shared();
  HdfsStorage storage(cluster.NewFolder(), {.webhdfs = {"127.0.0.1:1", cluster.webhdfs()}});
  storage.Write("a", "bytes");
  EXPECT_EQ(storage.Read("a"), "bytes");
}

TEST(HdfsStorageTest, CopiesOnTheLocalDiskGoWhenTheyAreRemoved) {
  HdfsCluster& cluster = HdfsCluster::Shared();
  HdfsStorage storage(cluster.NewFolder(), {.webhdfs = {cluster.webhdfs()}});
  storage.Write("a", "bytes");
  storage.FetchCopies(std::vector<std::string>{"a"});
  std::string copy = storage.LocalPath("a");
  EXPECT_TRUE(std::filesystem::exists(copy));
  storage.RemoveCopies();
  EXPECT_FALSE(std::filesystem::exists(copy));
}

TEST(HdfsStorageTest, WithoutAServerItGivesUpInTimeAndSaysWhomItAsked) {
  HdfsStorage storage("hdfs://127.0.0.1:1/a",
                      {.webhdfs = {"127.0.0.1:1"}, .retry_for = std::chrono::milliseconds(300)});
  try {
    storage.Read("x");
    FAIL() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kIo);
    EXPECT_NE(error.message().find("http://127.0.0.1:1"), std::string::npos) << error.message();
  }
}

TEST(HdfsStorageTest, ATokenIsNeverShown) {
  HdfsCluster& cluster = HdfsCluster::Shared();
  // This cluster asks for no token and takes whoever has one for nobody; the other does not answer at all.
  for (const std::string& address : {cluster.webhdfs(), std::string("127.0.0.1:1")}) {
    HdfsStorage storage(
        cluster.NewFolder(),
        {.webhdfs = {address}, .delegation_token = "topsecret", .retry_for = std::chrono::milliseconds(100)});
    try {
      storage.Write("x", "bytes");
      ADD_FAILURE() << "no error";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.message().find("topsecret"), std::string::npos) << error.message();
    }
  }
}

TEST(HdfsStorageTest, WhatTheUserMayNotDoIsAnErrorThatNamesHim) {
  HdfsCluster& cluster = HdfsCluster::Shared();
  HdfsStorage ours(cluster.NewFolder(), OptionsOf(cluster));
  ours.Write("x", "bytes");
  HdfsStorage others(ours.Url(""), {.webhdfs = {cluster.webhdfs()}, .user = "stranger"});
  EXPECT_EQ(others.Read("x"), "bytes");
  try {
    others.Write("y", "bytes");
    FAIL() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kIo);
    EXPECT_NE(error.message().find("user=stranger"), std::string::npos) << error.message();
  }
}

TEST(HdfsStorageTest, FaultsAreInjectedAsIntoALocalDisk) {
  FaultyStorage storage(OpenOn(HdfsCluster::Shared()),
                        {.op = Fault::Op::kPut, .call = 1, .kind = Fault::Kind::kEioAfter});
  ExpectError(base::ErrorKind::kIo, [&] { static_cast<void>(storage.PutIfAbsent("a", "x")); });
  EXPECT_TRUE(storage.fired());
  EXPECT_EQ(storage.Read("a"), "x");
}

// Puts from several threads while `harm` is done to the cluster: each that returns true has left its file, each that
// fails has left it whole or not at all.
void PutThrough(HdfsCluster& cluster, const std::function<void()>& harm) {
  auto storage = OpenOn(cluster);
  constexpr int kPutsEach = 40;
  std::atomic<int> put = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kPutsEach; ++i) {
        std::string name = "t/" + std::to_string(thread) + "-" + std::to_string(i);
        EXPECT_TRUE(storage->PutIfAbsent(name, name)) << name;
        EXPECT_EQ(storage->Read(name), name);
        ++put;
      }
    });
  }
  while (put < 40) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  harm();
  threads.clear();
  EXPECT_EQ(storage->List("t").size(), size_t{4} * kPutsEach);
}

TEST(HdfsFaultTest, WritersAndReadersGoOnWhenADataNodeIsKilledAndWaitForANameNodeThatComesBack) {
  HdfsCluster cluster;
  PutThrough(cluster, [&] { cluster.Kill("datanode1"); });
  cluster.Restart("datanode1");
  PutThrough(cluster, [&] {
    cluster.Kill("namenode");
    cluster.Restart("namenode");
  });
}

}  // namespace
}  // namespace qlake::storage
