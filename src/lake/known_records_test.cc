#include "lake/known_records.h"

#include <filesystem>
#include <random>

#include "base/test_seed.h"
#include "delta/path_encoding.h"
#include "lake/test_lake.h"
#include "lake/writer.h"

namespace qlake::lake {
namespace {

constexpr int64_t kHour = 467'000;

class KnownRecordsTest : public LakeTest {
 protected:
  void Append(const TableSchema& schema, const std::vector<TextRow>& rows) {
    Writer(*lake_, "run", std::chrono::milliseconds(0)).Append(schema, rows);
  }
  // All rows of the table in one new file, but for those that meet the condition.
  void Rewrite(const TableSchema& schema, const std::string& without) {
    lake_->Define(schema, lake_->Load(schema.name));
    engine::TableChange change;
    change.replace = true;
    change.insert_sql = fmt::format("SELECT * FROM {} WHERE NOT ({})", schema.name, without);
    Writer(*lake_, "run", std::chrono::milliseconds(0)).Commit(TargetOf(schema), change, {});
  }

  static TextRow FileRow(int64_t seq) {
    FileRecord file;
    file.seq = seq;
    file.file_id = fmt::format("drop/{}.csv", seq);
    file.hour = {kHour + seq};
    return ToRow(file);
  }
  static TextRow LedgerRow(int64_t file, int64_t to_seq, int64_t rows) {
    LedgerEntry entry{"qlake.process", "sales", fmt::format("drop/{}.csv", file), file, {kHour + file}, rows, rows};
    return ToRow(entry, to_seq, "run", {to_seq * 1'000'000}, {{"warehouse.fact", to_seq}});
  }
  static TextRow StepRow(const std::string& step, int64_t to_seq) {
    return ToRow(Intent{step, to_seq, to_seq, {}, "", fmt::format("run {}", to_seq), {to_seq * 1'000'000}});
  }

  static std::vector<int64_t> SeqsOf(Lake& lake) {
    std::vector<int64_t> seqs;
    for (const auto& file : ReadFiles(lake)) seqs.push_back(file.seq);
    return seqs;
  }
};

TEST_F(KnownRecordsTest, WhatComesIsReadBesideWhatIsKnown) {
  EXPECT_TRUE(ReadFiles(*lake_).empty());
  Append(RawFilesSchema(), {FileRow(1), FileRow(4)});
  EXPECT_EQ(SeqsOf(*lake_), (std::vector<int64_t>{1, 4}));
  Append(RawFilesSchema(), {FileRow(5), FileRow(3)});
  Append(RawFilesSchema(), {FileRow(2)});
  EXPECT_EQ(SeqsOf(*lake_), (std::vector<int64_t>{1, 2, 3, 4, 5}));
}

TEST_F(KnownRecordsTest, WhatIsKnownIsNotReadAgain) {
  Append(RawFilesSchema(), {FileRow(1)});
  ReadFiles(*lake_);
  std::string file = lake_->Load(kRawFiles)->files().begin()->first;
  Append(RawFilesSchema(), {FileRow(2)});
  lake_->storage().Remove(delta::LocateFile(TablePath(kRawFiles), file));
  EXPECT_EQ(SeqsOf(*lake_), (std::vector<int64_t>{1, 2}));
}

TEST_F(KnownRecordsTest, AFailureForgetsNothingAndTakesNothingForKnown) {
  Append(RawFilesSchema(), {FileRow(1)});
  ReadFiles(*lake_);
  Append(RawFilesSchema(), {FileRow(2)});
  std::string hidden;
  for (const auto& [path, file] : lake_->Load(kRawFiles)->files()) {
    std::string where = root_ + "/" + delta::LocateFile(TablePath(kRawFiles), path);
    if (hidden.empty() || std::filesystem::last_write_time(where) > std::filesystem::last_write_time(hidden)) {
      hidden = where;
    }
  }
  std::filesystem::rename(hidden, hidden + ".away");
  EXPECT_THROW(ReadFiles(*lake_), base::Error);
  std::filesystem::rename(hidden + ".away", hidden);
  EXPECT_EQ(SeqsOf(*lake_), (std::vector<int64_t>{1, 2}));
}

TEST_F(KnownRecordsTest, TheAccountOfTheLastBatchCounts) {
  Append(LedgerSchema(), {LedgerRow(1, 10, 5), LedgerRow(2, 10, 6)});
  ReadLedger(*lake_);
  Append(LedgerSchema(), {LedgerRow(1, 30, 7)});
  Append(LedgerSchema(), {LedgerRow(1, 20, 8)});
  auto ledger = ReadLedger(*lake_);
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_EQ(ledger[0].rows_in, 7);
  EXPECT_EQ(ledger[1].rows_in, 6);
  auto publication = ReadPublication(*lake_);
  ASSERT_TRUE(publication);
  EXPECT_EQ(publication->to_seq, 30);
  EXPECT_EQ(publication->ledger, lake_->Load(kOpsLedger)->version());
}

// Whatever becomes of the tables, a lake that has followed them knows what one knows that reads them for the first
// time.
TEST_F(KnownRecordsTest, AnyHistoryIsFollowed) {
  std::mt19937_64 random(base::TestSeed());
  for (int64_t step = 1; step <= 60; ++step) {
    auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
    std::string some = fmt::format("hash(to_seq) % 3 = {}", below(3));
    switch (below(7)) {
      case 0:
        if (lake_->Load(kRawFiles)) Rewrite(RawFilesSchema(), fmt::format("seq % 5 = {}", below(5)));
        break;
      case 1:
        if (lake_->Load(kOpsLedger)) Rewrite(LedgerSchema(), some);
        break;
      case 2:
        if (lake_->Load(kOpsSteps)) Rewrite(StepsSchema(), some);
        break;
      case 3:
        Append(RawFilesSchema(), {FileRow(step), FileRow(1000 - step)});
        break;
      case 4:
        Append(StepsSchema(), {StepRow("qlake.process", below(40) * 100 + step), StepRow("qlake.restore", step)});
        break;
      default:
        Append(LedgerSchema(), {LedgerRow(below(5), below(40) * 100 + step, step), LedgerRow(9, step, step)});
    }
    if (below(3) == 0) continue;
    auto fresh = Open();
    EXPECT_EQ(SeqsOf(*lake_), SeqsOf(*fresh));
    EXPECT_EQ(ReadLedger(*lake_), ReadLedger(*fresh));
    auto publication = ReadPublication(*lake_);
    auto expected = ReadPublication(*fresh);
    ASSERT_EQ(publication.has_value(), expected.has_value());
    if (expected) {
      EXPECT_EQ(publication->tables, expected->tables);
    }
    for (const char* name : {"qlake.process", "qlake.restore"}) {
      auto intent = ReadLastIntent(*lake_, name);
      auto wanted = ReadLastIntent(*fresh, name);
      ASSERT_EQ(intent.has_value(), wanted.has_value());
      if (wanted) {
        EXPECT_EQ(intent->run_id, wanted->run_id);
      }
    }
  }
}

}  // namespace
}  // namespace qlake::lake
