#include "delta/checkpoint.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "delta/action_json.h"
#include "delta/test_table.h"
#include "parquet/table_codec.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;
using Strings = std::vector<std::string>;

void ExpectSameState(const Snapshot& left, const Snapshot& right) {
  EXPECT_EQ(left.version(), right.version());
  EXPECT_EQ(left.metadata().schema_json, right.metadata().schema_json);
  EXPECT_EQ(left.metadata().partition_columns, right.metadata().partition_columns);
  EXPECT_EQ(left.metadata().configuration, right.metadata().configuration);
  auto lines = [](const Snapshot& snapshot) {
    Strings all = {FormatAction(snapshot.protocol()), FormatAction(snapshot.metadata())};
    for (const auto& [path, file] : snapshot.files()) all.push_back(FormatAction(file));
    for (const auto& [path, file] : snapshot.tombstones()) all.push_back(FormatAction(file));
    for (const auto& [app, transaction] : snapshot.transactions()) all.push_back(FormatAction(transaction));
    return all;
  };
  EXPECT_EQ(lines(left), lines(right));
}

// A state with every kind of action in it.
void WriteRichTable(TestTable& table) {
  table.WriteCommit(0, std::string(kProtocolLine) +
                           R"({"metaData":{"id":"m","name":"n","description":"d","schemaString":"{\"a\":1}",)"
                           R"("partitionColumns":["p","q"],"configuration":{"k":"v"},"createdTime":5}})"
                           "\n");
  table.WriteCommit(1, R"({"add":{"path":"p=a%2520b/%C3%BC.parquet","partitionValues":{"p":"a b","q":null},"size":5,)"
                       R"("modificationTime":6,"dataChange":true,"stats":"{\"numRecords\":1}","tags":{"k":"v"}}})"
                       "\n" +
                           AddLine("plain") + AddLine("gone"));
  table.WriteCommit(2, std::string(R"({"txn":{"appId":"x","version":7,"lastUpdated":8}})"
                                   "\n"
                                   R"({"txn":{"appId":"y","version":1}})"
                                   "\n") +
                           R"({"remove":{"path":"gone","deletionTimestamp":1000,"dataChange":true,)"
                           R"("partitionValues":{"p":null},"size":1}})");
}

TEST(CheckpointTest, ATableIsTheSameFromItsCheckpointAlone) {
  TestTable table;
  WriteRichTable(table);
  Snapshot from_commits = table.Load();
  WriteCheckpoint(table.storage(), from_commits, 2000);
  for (Version version = 0; version <= 2; ++version) table.storage().Remove(CommitPath("t", version));
  ExpectSameState(table.Load(), from_commits);
  EXPECT_EQ(table.Load().files().at("p=a%20b/ü.parquet").partition_values.at("p"), "a b");
  EXPECT_EQ(ErrorOf(ErrorKind::kInput, [&] { table.Load(1); }),
            "version 1 of table t is no longer in its log; the oldest is 2");
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [&] { Snapshot::LoadAsOf(table.storage(), "t", {0}); }), "no error");
  table.WriteCommit(3, AddLine("later"));
  EXPECT_EQ(table.Load().files().size(), 3u);
}

TEST(CheckpointTest, TombstonesGoWhenTheirRetentionIsOver) {
  TestTable table;
  WriteRichTable(table);
  Snapshot snapshot = table.Load();
  constexpr int64_t kWeekMs = 7LL * 24 * 3600 * 1000;
  auto tombstones_at = [&](int64_t now_ms) {
    std::vector<Action> actions = ReadCheckpoint(*BuildCheckpoint(snapshot, now_ms), "checkpoint");
    return std::ranges::count_if(actions, [](const Action& a) { return std::holds_alternative<RemoveFile>(a); });
  };
  EXPECT_EQ(tombstones_at(1000 + kWeekMs - 1), 1);
  EXPECT_EQ(tombstones_at(1000 + kWeekMs), 0);
}

TEST(CheckpointTest, ACheckpointInPartsCountsOnceItIsComplete) {
  TestTable table;
  WriteRichTable(table);
  Snapshot from_commits = table.Load();
  auto rows = BuildCheckpoint(from_commits, 2000);
  auto write_part = [&](int part, int64_t from, int64_t count) {
    table.WriteLog(fmt::format("00000000000000000002.checkpoint.{:010d}.0000000003.parquet", part),
                   parquet::EncodeTable(*rows->Slice(from, count)));
  };
  write_part(1, 0, 2);
  write_part(3, 4, rows->num_rows() - 4);
  EXPECT_EQ(LogListing(table.storage(), "t").SegmentOf(2).checkpoint_version, kNoVersion);
  write_part(2, 2, 2);
  EXPECT_EQ(LogListing(table.storage(), "t").SegmentOf(2).checkpoint_parts.size(), 3u);
  for (Version version = 0; version <= 2; ++version) table.storage().Remove(CommitPath("t", version));
  ExpectSameState(table.Load(), from_commits);
}

TEST(CheckpointTest, TheHintMayBeWrongOrMissing) {
  TestTable table;
  WriteRichTable(table);
  WriteCheckpoint(table.storage(), table.Load(), 2000);
  EXPECT_NE(table.storage().Read(LastCheckpointPath("t")).find("\"version\":2,"), std::string::npos);
  for (const char* hint : {"", "{", R"({"version":99,"size":1})", R"({"version":0,"size":1,"parts":5})"}) {
    table.WriteLog("_last_checkpoint", hint);
    EXPECT_EQ(table.Load().files().size(), 2u) << hint;
  }
  table.storage().Remove(LastCheckpointPath("t"));
  EXPECT_EQ(table.Load().files().size(), 2u);
}

TEST(CheckpointTest, ADamagedCheckpointIsCorruptAndNamed) {
  TestTable table;
  WriteRichTable(table);
  WriteCheckpoint(table.storage(), table.Load(), 2000);
  std::string whole = table.storage().Read(CheckpointPath("t", 2));
  for (size_t length : {size_t{0}, size_t{4}, whole.size() / 2, whole.size() - 1}) {
    table.storage().Write(CheckpointPath("t", 2), whole.substr(0, length));
    std::string message = ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(); });
    EXPECT_EQ(message.find(CheckpointPath("t", 2)), 0u) << message;
  }
}

TEST(CheckpointTest, AColumnOrFieldOfAnotherTypeIsCorruptAndNamed) {
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.Append(1).ok());
  std::shared_ptr<arrow::Array> numbers = *builder.Finish();
  auto message_for = [](const std::shared_ptr<arrow::Array>& adds) {
    auto table = arrow::Table::Make(arrow::schema({arrow::field("add", adds->type())}), {adds});
    return ErrorOf(ErrorKind::kCorrupt, [&] { ReadCheckpoint(*table, "checkpoint"); });
  };
  EXPECT_EQ(message_for(numbers), "checkpoint is no checkpoint: its column add is of type int64");
  auto with_field = [&](const std::string& field) {
    return *arrow::StructArray::Make({numbers}, std::vector<std::string>{field});
  };
  EXPECT_EQ(message_for(with_field("path")), "checkpoint is no checkpoint: its field path is of type int64");
  EXPECT_EQ(message_for(with_field("tags")), "checkpoint is no checkpoint: its field tags is of type int64");
  EXPECT_EQ(message_for(with_field("size")), "checkpoint: not a path: \"\"");
}

}  // namespace
}  // namespace qlake::delta
