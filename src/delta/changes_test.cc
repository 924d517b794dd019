#include "delta/changes.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"

namespace qlake::delta {
namespace {

std::vector<std::string> PathsOf(const std::vector<AddFile>& files) {
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  return paths;
}

using Paths = std::vector<std::string>;

TEST(TableChangesTest, FilesThatCameAndWentAreToldVersionByVersion) {
  TestTable table;
  ASSERT_EQ(CommittedVersion(table.Create()), 0);
  ASSERT_EQ(CommittedVersion(table.Append("a")), 1);
  ASSERT_EQ(CommittedVersion(table.Append("b")), 2);
  Transaction transaction = table.Begin();
  transaction.Stage(TestTable::Removal(table.Load().files().at("a")));
  transaction.Stage(table.NewFile("c"));
  ASSERT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {})), 3);
  auto all = ReadChanges(table.storage(), "t", kNoVersion, 3);
  ASSERT_TRUE(all);
  EXPECT_EQ(PathsOf(all->added), (Paths{"a", "b", "c"}));
  EXPECT_EQ(PathsOf(all->removed), (Paths{"a"}));
  auto some = ReadChanges(table.storage(), "t", 1, 2);
  ASSERT_TRUE(some);
  EXPECT_EQ(PathsOf(some->added), (Paths{"b"}));
  EXPECT_TRUE(some->removed.empty());
  EXPECT_TRUE(ReadChanges(table.storage(), "t", 3, 3)->added.empty());
}

TEST(TableChangesTest, WhatOnlyMovesRowsIsNoChange) {
  TestTable table;
  ASSERT_EQ(CommittedVersion(table.Create()), 0);
  ASSERT_EQ(CommittedVersion(table.Append("a")), 1);
  Transaction transaction = table.Begin();
  RemoveFile removal = TestTable::Removal(table.Load().files().at("a"));
  removal.data_change = false;
  AddFile compacted = table.NewFile("b");
  compacted.data_change = false;
  transaction.Stage(removal);
  transaction.Stage(compacted);
  ASSERT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {})), 2);
  auto changes = ReadChanges(table.storage(), "t", 1, 2);
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->added.empty());
  EXPECT_TRUE(changes->removed.empty());
}

TEST(TableChangesTest, ALogThatWasCleanedUpTellsNothing) {
  TestTable table;
  ASSERT_EQ(CommittedVersion(table.Create()), 0);
  ASSERT_EQ(CommittedVersion(table.Append("a")), 1);
  ASSERT_EQ(CommittedVersion(table.Append("b")), 2);
  table.storage().Remove(CommitPath("t", 1));
  EXPECT_FALSE(ReadChanges(table.storage(), "t", 0, 2));
  EXPECT_TRUE(ReadChanges(table.storage(), "t", 1, 2));
}

}  // namespace
}  // namespace qlake::delta
