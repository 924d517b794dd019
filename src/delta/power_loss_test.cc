#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "base/test_seed.h"
#include "delta/checkpoint.h"
#include "delta/test_table.h"
#include "storage/simulated_disk.h"

// The power goes after each change that commits and checkpoints make to the disk.
namespace qlake::delta {
namespace {

using Strings = std::vector<std::string>;

// A table's life, and when each of its versions was acknowledged.
struct Life {
  std::vector<Strings> paths;        // Of each version.
  std::vector<size_t> acknowledged;  // Changes to the disk until then.
};

Life LiveThrough(TestTable& table, const storage::SimulatedDisk& disk) {
  Life life;
  auto note = [&](const CommitOutcome& outcome) {
    QLAKE_CHECK(CommittedVersion(outcome) == static_cast<Version>(life.paths.size()));
    life.acknowledged.push_back(disk.changes());
    life.paths.push_back(PathsOf(table.Load()));
  };
  CommitOptions with_checkpoint{.checkpoint_interval = 2};
  note(table.Create());
  note(table.Append("city=Oslo/a", with_checkpoint));
  note(table.Append("city=Bergen/b", with_checkpoint));  // With a checkpoint.
  Transaction replace = table.Begin();
  Snapshot before = table.Load();
  for (const auto& [path, file] : before.files()) replace.Stage(TestTable::Removal(file));
  replace.Stage(table.NewFile("city=Oslo/c"));
  note(std::move(replace).Commit(TestTable::Clock(), with_checkpoint));
  Transaction compact = table.Begin();
  RemoveFile packed = TestTable::Removal(table.Load().files().at("city=Oslo/c"));
  packed.data_change = false;
  compact.Stage(packed);
  AddFile pack = table.NewFile("city=Oslo/pack/d");
  pack.data_change = false;
  compact.Stage(pack);
  note(std::move(compact).Commit(TestTable::Clock(), with_checkpoint));
  return life;
}

// What is left is a version that was acknowledged, or one that was about to be, with all of its files.
void ExpectAVersionOfIts(const Life& life, size_t changes, const std::string& root) {
  auto acknowledged = std::ranges::upper_bound(life.acknowledged, changes) - life.acknowledged.begin();
  auto storage = storage::OpenLocalStorage(root);
  auto snapshot = Snapshot::Load(*storage, "t");
  Version version = snapshot ? snapshot->version() : kNoVersion;
  ASSERT_GE(version, acknowledged - 1) << "an acknowledged version is lost";
  ASSERT_LE(version, acknowledged) << "a version that was never begun";
  if (!snapshot) return;
  EXPECT_EQ(PathsOf(*snapshot), life.paths[static_cast<size_t>(version)]);
  for (const auto& [path, file] : snapshot->files()) EXPECT_EQ(storage->Read("t/" + path), "rows") << path;
}

TEST(PowerLossTest, WhatWasAcknowledgedIsThereAndNothingIsInHalves) {
  auto seed = static_cast<unsigned>(base::TestSeed());
  std::mt19937 random(seed);
  TestTable table;
  storage::SimulatedDisk disk(table.root());
  Life life = LiveThrough(table, disk);
  TestTable elsewhere;
  size_t all = disk.changes();
  for (size_t changes = 0; changes <= all; ++changes) {
    for (int chance_percent : {0, 100, 50, 50}) {
      SCOPED_TRACE(fmt::format("after {} of {} changes, {} % of what was not synced", changes, all, chance_percent));
      std::string root = fmt::format("{}/{}-{}", elsewhere.root(), changes, random());
      std::filesystem::create_directories(root);
      disk.LayOut(changes, root, [&] { return static_cast<int>(random() % 100) < chance_percent; });
      ExpectAVersionOfIts(life, changes, root);
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(all, 60u);
}

}  // namespace
}  // namespace qlake::delta
