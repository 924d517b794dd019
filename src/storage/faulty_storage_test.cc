#include "storage/faulty_storage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace qlake::storage {
namespace {

class FaultyStorageTest : public ::testing::Test {
 protected:
  FaultyStorageTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_faulty_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~FaultyStorageTest() override { std::filesystem::remove_all(root_); }

  FaultyStorage Open(std::string_view fault) const { return {OpenLocalStorage(root_), ParseFault(fault)}; }

  std::string root_;
};

template <typename Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.message();
  }
  return "no error";
}

TEST_F(FaultyStorageTest, OnlyTheNamedCallFails) {
  FaultyStorage storage = Open("write:2:EIO");
  storage.Write("a", "1");
  EXPECT_FALSE(storage.fired());
  EXPECT_EQ(MessageOf([&] { storage.Write("b", "2"); }), "cannot write (injected fault) b: Input/output error");
  EXPECT_TRUE(storage.fired());
  storage.Write("c", "3");
  EXPECT_EQ(storage.List("").size(), 2u);
}

TEST_F(FaultyStorageTest, APersistentFaultStays) {
  FaultyStorage storage = Open("any:2:ENOSPC:persistent");
  storage.Write("a", "1");
  for (int i = 0; i < 3; ++i) EXPECT_NE(MessageOf([&] { storage.Read("a"); }), "no error");
  EXPECT_NE(MessageOf([&] { storage.List(""); }), "no error");
}

TEST_F(FaultyStorageTest, AShortWriteLeavesHalf) {
  FaultyStorage storage = Open("write:1:SHORT");
  EXPECT_EQ(MessageOf([&] { storage.Write("a", "123456"); }),
            "cannot write (injected fault) a: No space left on device");
  EXPECT_EQ(storage.Read("a"), "123");
}

TEST_F(FaultyStorageTest, AShortAppendLeavesWhatWasThereAndHalf) {
  FaultyStorage storage = Open("write:2:SHORT");
  storage.Write("a", "123456");
  EXPECT_EQ(MessageOf([&] { storage.Append("a", "abcd"); }),
            "cannot write (injected fault) a: No space left on device");
  EXPECT_EQ(storage.Read("a"), "123456ab");
}

TEST_F(FaultyStorageTest, APutCanFailBeforeOrAfterItHappened) {
  FaultyStorage before = Open("put:1:EIO");
  EXPECT_NE(MessageOf([&] { static_cast<void>(before.PutIfAbsent("before", "x")); }), "no error");
  EXPECT_FALSE(before.Find("before"));
  FaultyStorage after = Open("put:1:EIO_AFTER");
  EXPECT_NE(MessageOf([&] { static_cast<void>(after.PutIfAbsent("after", "x")); }), "no error");
  EXPECT_EQ(after.Read("after"), "x");
}

TEST_F(FaultyStorageTest, TheEnvironmentNamesTheFault) {
  ::setenv("QLAKE_STORAGE_FAULT", "sync:1:EIO", 1);
  auto storage = OpenLocalStorage(root_);
  ::unsetenv("QLAKE_STORAGE_FAULT");
  storage->Write("a", "1");
  EXPECT_NE(MessageOf([&] { storage->Sync(std::vector<std::string>{"a"}); }), "no error");
  storage->Sync(std::vector<std::string>{"a"});
}

TEST(FaultTest, WhatIsNoFaultIsRefused) {
  EXPECT_TRUE(ParseFault("put:3:EIO_AFTER:persistent").persistent);
  for (const char* text : {"put", "put:1", "put:0:EIO", "put:-1:EIO", "put:x:EIO", "put:1:eio", "fly:1:EIO",
                           "put:1:EIO:once", "put:1:EIO:persistent:", "put:1x:EIO", ":1:EIO"}) {
    try {
      ParseFault(text);
      ADD_FAILURE() << text;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
      EXPECT_NE(error.message().find(text), std::string::npos) << error.message();
    }
  }
}

}  // namespace
}  // namespace qlake::storage
