#include "lake/writer.h"

#include <fstream>

#include "lake/test_lake.h"

namespace qlake::lake {
namespace {

constexpr size_t kTables = 12;  // More than commits may be under way.

class WriterTest : public LakeTest {
 protected:
  // i + 1 rows for the i-th of the tables marts.t00, marts.t01, ...
  static std::string NameOf(size_t i) { return fmt::format("marts.t{:02}", i); }
  static Writer::LaterChange ChangeOf(size_t i) {
    Writer::LaterChange change{{TablePath(NameOf(i)), {{"n", {base::ColumnType::Kind::kLong}}}}, {}, {}};
    change.change.insert_sql = fmt::format("SELECT range AS n FROM range({})", i + 1);
    return change;
  }
  static std::vector<Writer::LaterChange> Changes() {
    std::vector<Writer::LaterChange> changes;
    for (size_t i = 0; i < kTables; ++i) changes.push_back(ChangeOf(i));
    return changes;
  }

  std::vector<size_t> turns_;
  std::function<void(size_t)> on_turn_ = [this](size_t turn) { turns_.push_back(turn); };
};

TEST_F(WriterTest, TablesSideBySideAreReportedInTheirOrder) {
  Writer writer(*lake_, "run", std::chrono::milliseconds(0));
  for (const auto& failure : writer.CommitEachLater(lake_->database(), Changes(), on_turn_)) EXPECT_FALSE(failure);
  auto reports = writer.Await();
  ASSERT_EQ(reports.size(), kTables);
  for (size_t i = 0; i < kTables; ++i) {
    EXPECT_EQ(reports[i].rows_inserted, static_cast<int64_t>(i + 1));
    EXPECT_EQ(lake_->Load(NameOf(i))->TransactionVersion(kWriterApp), writer.epoch());
  }
  ASSERT_EQ(turns_.size(), kTables + 1);
  for (size_t i = 0; i <= kTables; ++i) EXPECT_EQ(turns_[i], i);
}

TEST_F(WriterTest, TablesSideBySideLoseRowsByKeysOfTheirOwn) {
  for (int round = 0; round < 2; ++round) {
    Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    auto changes = Changes();
    for (size_t i = 0; round > 0 && i < kTables; ++i) {
      changes[i].change = {};
      changes[i].change.remove_sql = fmt::format("SELECT CAST({} AS BIGINT) AS n", i);
      changes[i].change.key_columns = {"n"};
    }
    writer.CommitEachLater(lake_->database(), changes, on_turn_);
    writer.Await();
  }
  for (size_t i = 0; i < kTables; ++i) {
    lake_->database().DefineTable(NameOf(i), *lake_->Load(NameOf(i)));
    EXPECT_EQ(lake_->database().QueryInteger("SELECT count(*) FROM " + NameOf(i)), static_cast<int64_t>(i));
  }
}

TEST_F(WriterTest, TheOthersGoOnWithoutATableThatMayFail) {
  Writer writer(*lake_, "run", std::chrono::milliseconds(0));
  auto changes = Changes();
  changes[4].change.insert_sql = "SELECT n FROM nowhere";
  changes[4].may_fail = true;
  auto failures = writer.CommitEachLater(lake_->database(), changes, on_turn_);
  ASSERT_TRUE(failures[4]);
  EXPECT_EQ(failures[4]->kind(), base::ErrorKind::kInput);
  EXPECT_EQ(writer.Await().size(), kTables - 1);
  EXPECT_FALSE(lake_->Load(NameOf(4)));
  EXPECT_EQ(turns_.back(), kTables);
}

TEST_F(WriterTest, AFailureStopsTheOthersAndIsToldOfLast) {
  auto changes = Changes();
  changes[0].change.insert_sql = "SELECT n FROM nowhere";
  {
    Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    EXPECT_THROW(writer.CommitEachLater(lake_->database(), changes, on_turn_), base::Error);
    EXPECT_EQ(turns_, (std::vector<size_t>{0, 0}));
    writer.Settle();
  }
  // What was under way has ended, and all of it can be done again.
  Writer writer(*lake_, "run", std::chrono::milliseconds(0));
  writer.CommitEachLater(lake_->database(), Changes(), on_turn_);
  EXPECT_EQ(writer.Await().size(), kTables);
}

TEST_F(WriterTest, ALogThatWasReadAheadIsFollowedAndABrokenOneIsToldOfWhenItIsLoaded) {
  {
    Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    writer.CommitEachLater(lake_->database(), Changes(), on_turn_);
    writer.Await();
  }
  std::ofstream(root_ + "/marts/t01/_delta_log/00000000000000000000.json") << "no log";
  auto other = Open();
  other->LoadAhead({NameOf(0), NameOf(1), NameOf(2), "marts.of_nobody"});
  {
    Writer writer(*lake_, "run", std::chrono::milliseconds(0));
    auto change = ChangeOf(0);
    writer.Commit(change.target, change.change, {});
  }
  EXPECT_EQ(other->Load(NameOf(0))->version(), 1);
  EXPECT_EQ(other->LoadVersion(NameOf(2), 0)->files().size(), 1U);
  EXPECT_THROW(other->Load(NameOf(1)), base::Error);
  EXPECT_FALSE(other->Load("marts.of_nobody"));
}

}  // namespace
}  // namespace qlake::lake
