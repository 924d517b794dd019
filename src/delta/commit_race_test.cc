#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "delta/test_table.h"
#include "delta/transaction.h"

// What becomes of a commit when another one was faster.
namespace qlake::delta {
namespace {

enum class Outcome { kRebases, kConflict };

struct Race {
  const char* name;
  std::function<void(TestTable&, Transaction&)> ours;
  std::function<void(TestTable&, Transaction&)> theirs;
  Outcome outcome;
};

void Remove(TestTable& table, Transaction& transaction, const std::string& path, bool data_change) {
  RemoveFile file = TestTable::Removal(table.Load().files().at(path));
  file.data_change = data_change;
  transaction.Stage(std::move(file));
}

void Add(TestTable& table, Transaction& transaction, const std::string& path, bool data_change) {
  AddFile file = table.NewFile(path);
  file.data_change = data_change;
  transaction.Stage(std::move(file));
}

const std::vector<Race>& Races() {
  using Table = TestTable;
  auto append_ours = [](Table& t, Transaction& x) { Add(t, x, "ours", true); };
  auto append_theirs = [](Table& t, Transaction& x) { Add(t, x, "theirs", true); };
  auto replace_ours = [](Table& t, Transaction& x) {
    Remove(t, x, "old1", true);
    Add(t, x, "new1", true);
  };
  auto compact_other = [](Table& t, Transaction& x) {
    Remove(t, x, "old2", false);
    Add(t, x, "new2", false);
  };
  auto compact_ours = [](Table& t, Transaction& x) {
    Remove(t, x, "old1", false);
    Add(t, x, "packed1", false);
  };
  auto delete_other = [](Table& t, Transaction& x) { Remove(t, x, "old2", true); };
  auto append_of_a_reader = [](Table& t, Transaction& x) {
    Add(t, x, "read", true);
    x.ReadTable();
  };
  auto replace_partition_ours = [replace_ours](Table& t, Transaction& x) {
    replace_ours(t, x);
    x.Read(FilesOfPartition({{"city", "Oslo"}}));
  };
  auto append_to_partition = [](Table& t, Transaction& x) {
    x.Stage(t.NewFile("oslo", {{"city", "Oslo"}}));
    x.ReadTable();
  };
  auto set = [](const char* app, int64_t version) {
    return [app, version](Table&, Transaction& x) { x.Stage(SetTransaction{.app_id = app, .version = version}); };
  };
  auto metadata = [](Table&, Transaction& x) { x.Stage(Table::NewMetadata()); };
  auto reads = [append_ours](const char* app) {
    return [app, append_ours](Table& t, Transaction& x) {
      append_ours(t, x);
      x.ReadTransactionsOf(app);
    };
  };
  auto fenced = [append_ours](int64_t epoch) {
    return [epoch, append_ours](Table& t, Transaction& x) {
      append_ours(t, x);
      x.FenceBy("qlake.writer", epoch);
    };
  };
  static const std::vector<Race> races = {
      {"append after append", append_ours, append_theirs, Outcome::kRebases},
      {"append after replacement", append_ours, replace_ours, Outcome::kRebases},
      {"append after metadata", append_ours, metadata, Outcome::kConflict},
      {"append after a transaction of another app", append_ours, set("x", 1), Outcome::kRebases},
      {"append after a transaction of an app we read", reads("x"), set("x", 1), Outcome::kConflict},
      {"transaction after the same app's", set("x", 2), set("x", 1), Outcome::kConflict},
      {"transaction after another app's", set("x", 2), set("y", 1), Outcome::kRebases},
      {"append after a newer epoch", fenced(4), set("qlake.writer", 5), Outcome::kConflict},
      {"append after our own epoch", fenced(5), set("qlake.writer", 5), Outcome::kRebases},
      {"replacement after a blind append", replace_ours, append_theirs, Outcome::kRebases},
      {"replacement after an append that had read", replace_ours, append_of_a_reader, Outcome::kConflict},
      {"replacement after a removal of another file", replace_ours, delete_other, Outcome::kConflict},
      {"replacement that read one partition after a removal in another", replace_partition_ours, delete_other,
       Outcome::kRebases},
      {"replacement that read one partition after a replacement in it", replace_partition_ours, append_to_partition,
       Outcome::kConflict},
      {"append that read the table after a removal", append_of_a_reader, delete_other, Outcome::kConflict},
      {"append that read the table after a compaction", append_of_a_reader, compact_other, Outcome::kRebases},
      {"append that read the table after a blind append", append_of_a_reader, append_theirs, Outcome::kRebases},
      {"append after a removal", append_ours, delete_other, Outcome::kRebases},
      {"append after a compaction", append_ours, compact_other, Outcome::kRebases},
      {"removal after the same removal", delete_other, delete_other, Outcome::kConflict},
      {"compaction after append", compact_ours, append_theirs, Outcome::kRebases},
      {"compaction after an append that had read", compact_ours, append_of_a_reader, Outcome::kRebases},
      {"compaction after a removal of other files", compact_ours, delete_other, Outcome::kRebases},
      {"compaction after a replacement of its files", compact_ours, replace_ours, Outcome::kConflict},
      {"compaction after a compaction of other files", compact_ours, compact_other, Outcome::kRebases},
      {"compaction after a compaction of the same file", compact_ours, compact_ours, Outcome::kConflict},
      {"compaction after metadata", compact_ours, metadata, Outcome::kConflict},
      {"replacement after the same replacement", replace_ours, replace_ours, Outcome::kConflict},
      {"replacement after compaction of other files", replace_ours, compact_other, Outcome::kRebases},
      {"replacement after compaction of its files", replace_ours, compact_ours, Outcome::kConflict},
      {"replacement after a transaction only", replace_ours, set("x", 1), Outcome::kRebases},
      {"metadata after append", metadata, append_theirs, Outcome::kConflict},
      {"metadata after a compaction", metadata, compact_ours, Outcome::kRebases},
      {"metadata after a transaction only", metadata, set("x", 1), Outcome::kRebases},
      {"metadata after metadata", metadata, metadata, Outcome::kConflict},
  };
  return races;
}

TEST(CommitRaceTest, AVersionInBetweenIsAConflictOnlyWhenItStandsInTheWay) {
  for (const Race& race : Races()) {
    SCOPED_TRACE(race.name);
    TestTable table;
    table.Create();
    table.Append("old1");
    table.Append("old2");
    Transaction ours = table.Begin();
    race.ours(table, ours);
    Transaction theirs = table.Begin();
    race.theirs(table, theirs);
    ASSERT_EQ(CommittedVersion(std::move(theirs).Commit(TestTable::Clock(), {})), 3);
    CommitOutcome outcome = std::move(ours).Commit(TestTable::Clock(), {});
    if (race.outcome == Outcome::kRebases) {
      EXPECT_EQ(CommittedVersion(outcome), 4) << ConflictReason(outcome).value_or("");
      EXPECT_EQ(table.Load().version(), 4);
    } else {
      EXPECT_TRUE(ConflictReason(outcome));
      EXPECT_EQ(std::get<Conflict>(outcome).version, 3);
      EXPECT_EQ(table.Load().version(), 3) << "nothing of ours may be visible";
    }
  }
}

TEST(CommitRaceTest, ASerializableTableTakesABlindAppendForAnyOther) {
  TestTable table;
  Metadata metadata = TestTable::NewMetadata();
  metadata.configuration["delta.isolationLevel"] = "Serializable";
  Transaction create(table.storage(), "t", std::nullopt);
  create.Stage(metadata);
  ASSERT_TRUE(CommittedVersion(std::move(create).Commit(TestTable::Clock(), {})));
  table.Append("old1");
  Transaction ours = table.Begin();
  Remove(table, ours, "old1", true);
  table.Append("blind");
  EXPECT_EQ(ConflictReason(std::move(ours).Commit(TestTable::Clock(), {})),
            "rows that we would have read were added in blind");
}

TEST(CommitRaceTest, AWriterThatSaysNothingOfWhatItReadIsNotTakenForABlindOne) {
  TestTable table;
  table.Create();
  table.Append("old1");
  Transaction ours = table.Begin();
  Remove(table, ours, "old1", true);
  table.WriteCommit(2, AddLine("unknown"));
  EXPECT_TRUE(ConflictReason(std::move(ours).Commit(TestTable::Clock(), {})));
  // Nor one that says so and takes a file away.
  Transaction again = table.Begin();
  again.ReadTable();
  again.Stage(table.NewFile("a"));
  table.WriteCommit(3, std::string(R"({"commitInfo":{"isBlindAppend":true}})") + "\n" + AddLine("b") +
                           R"({"remove":{"path":"unknown","dataChange":true}})");
  EXPECT_TRUE(ConflictReason(std::move(again).Commit(TestTable::Clock(), {})));
}

TEST(CommitRaceTest, AFileThatCameAndWentInBetweenIsJudgedWhenItCame) {
  TestTable table;
  table.Create();
  table.Append("old1");
  Transaction ours = table.Begin();
  ours.Read(FilesOfPartition({{"city", "Oslo"}}));
  ours.Stage(table.NewFile("ours"));
  table.WriteCommit(2, AddLine("elsewhere"));
  table.WriteCommit(3, R"({"remove":{"path":"elsewhere","dataChange":true}})");
  EXPECT_EQ(CommittedVersion(std::move(ours).Commit(TestTable::Clock(), {})), 4);
}

TEST(CommitRaceTest, AProtocolChangeInBetweenIsAConflict) {
  TestTable table;
  table.Create();
  Transaction ours = table.Begin();
  ours.Stage(table.NewFile("a"));
  table.WriteCommit(1, R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7}})");
  EXPECT_EQ(ConflictReason(std::move(ours).Commit(TestTable::Clock(), {})), "the protocol has changed");
}

TEST(CommitRaceTest, AnEpochAboveOursInTheBaseFencesUsOff) {
  TestTable table;
  table.Create();
  Transaction holder = table.Begin();
  holder.Stage(SetTransaction{.app_id = "qlake.writer", .version = 8});
  ASSERT_TRUE(CommittedVersion(std::move(holder).Commit(TestTable::Clock(), {})));
  for (int64_t epoch : {7, 8, 9}) {
    Transaction transaction = table.Begin();
    transaction.Stage(table.NewFile("a"));
    transaction.FenceBy("qlake.writer", epoch);
    transaction.FenceBy("unknown", 0);
    CommitOutcome outcome = std::move(transaction).Commit(TestTable::Clock(), {});
    EXPECT_EQ(ConflictReason(outcome).has_value(), epoch < 8) << epoch;
  }
}

TEST(CommitRaceTest, EightWritersOfTwentyFiveCommitsLoseNothing) {
  constexpr int kWriters = 8;
  constexpr int kCommits = 25;
  TestTable table;
  table.Create();
  std::vector<std::vector<Version>> versions(kWriters);
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < kCommits; ++i) {
          CommitOutcome outcome = table.Append(fmt::format("w={}/{}", writer, i));
          versions[writer].push_back(CommittedVersion(outcome).value_or(kNoVersion));
        }
      });
    }
  }
  std::vector<Version> all;
  for (const auto& some : versions) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  for (int i = 0; i < kWriters * kCommits; ++i) ASSERT_EQ(all[i], i + 1);
  EXPECT_EQ(table.Load().files().size(), static_cast<size_t>(kWriters * kCommits));
  int64_t previous_ms = 0;
  for (Version version = 0; version <= kWriters * kCommits; ++version) {
    int64_t timestamp_ms = table.Load(version).timestamp_ms();
    EXPECT_GT(timestamp_ms, previous_ms);
    previous_ms = timestamp_ms;
  }
}

}  // namespace
}  // namespace qlake::delta
