#include "delta/checkpoint.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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

TEST(CheckpointTest, StatisticsAreDecodedWhenSomebodyAsks) {
  TestTable table;
  WriteRichTable(table);
  Snapshot from_commits = table.Load();
  WriteCheckpoint(table.storage(), from_commits, 2000);
  for (Version version = 0; version <= 2; ++version) table.storage().Remove(CommitPath("t", version));
  Snapshot snapshot = table.Load();
  AddFile file = snapshot.files().at("p=a%20b/ü.parquet");
  EXPECT_EQ(file.stats, R"({"numRecords":1})");
  EXPECT_EQ(snapshot.files().at("plain").stats, "");
  // They outlive the snapshot, and are written to the next checkpoint.
  snapshot = from_commits;
  EXPECT_EQ(file.stats, R"({"numRecords":1})");
}

TEST(CheckpointTest, TombstonesGoWhenTheirRetentionIsOver) {
  TestTable table;
  WriteRichTable(table);
  Snapshot snapshot = table.Load();
  constexpr int64_t kWeekMs = 7LL * 24 * 3600 * 1000;
  auto tombstones_at = [&](int64_t now_ms) {
    std::vector<Action> actions = ReadCheckpoint(*BuildCheckpoint(snapshot, now_ms), "checkpoint").others;
    return std::ranges::count_if(actions, [](const Action& a) { return std::holds_alternative<RemoveFile>(a); });
  };
  EXPECT_EQ(tombstones_at(1000 + kWeekMs - 1), 1);
  EXPECT_EQ(tombstones_at(1000 + kWeekMs), 0);
}

TEST(CheckpointTest, TransactionsGoOnlyWhereTheTableWantsItAndWhenTheySayTheirAge) {
  auto kept = [](const std::string& retention, int64_t now_ms) {
    TestTable table;
    Transaction create(table.storage(), "t", std::nullopt);
    Metadata metadata = TestTable::NewMetadata();
    if (!retention.empty()) metadata.configuration["delta.setTransactionRetentionDuration"] = retention;
    create.Stage(metadata);
    create.Stage(SetTransaction{.app_id = "old", .version = 1, .last_updated_ms = 1000});
    create.Stage(SetTransaction{.app_id = "timeless", .version = 1});
    static_cast<void>(std::move(create).Commit(TestTable::Clock(), {}));
    std::vector<Action> actions = ReadCheckpoint(*BuildCheckpoint(table.Load(), now_ms), "checkpoint").others;
    return std::ranges::count_if(actions, [](const Action& a) { return std::holds_alternative<SetTransaction>(a); });
  };
  constexpr int64_t kDayMs = 24LL * 3600 * 1000;
  EXPECT_EQ(kept("", 1000 + 1000 * kDayMs), 2);
  EXPECT_EQ(kept("interval 1 day", 1000 + kDayMs), 2);
  EXPECT_EQ(kept("interval 1 day", 1001 + kDayMs), 1);
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

// A checkpoint of the second kind: what is no file in a file of its own, the files in sidecars. `top_name` is its name.
void WriteV2Checkpoint(TestTable& table, const Snapshot& snapshot, const std::string& top_name) {
  auto rows = BuildCheckpoint(snapshot, 2000);
  int64_t files = static_cast<int64_t>(snapshot.files().size() + snapshot.tombstones().size());
  int64_t others = rows->num_rows() - files;
  std::string lines = FormatAction(snapshot.protocol()) + "\n" + FormatAction(snapshot.metadata()) + "\n";
  for (const auto& [app, transaction] : snapshot.transactions()) lines += FormatAction(transaction) + "\n";
  lines += "{\"checkpointMetadata\":{\"version\":2}}\n{\"domainMetadata\":{\"domain\":\"d\"}}\n";
  arrow::StringBuilder names;
  for (int i = 0; i < 2; ++i) {
    std::string name = fmt::format("016ae953-37a9-438e-8683-9a9a4a79a39{}.parquet", i);
    int64_t from = i == 0 ? 0 : files / 2;
    int64_t count = i == 0 ? files / 2 : files - files / 2;
    table.WriteLog("_sidecars/" + name, parquet::EncodeTable(*rows->Slice(others + from, count)));
    lines += R"({"sidecar":{"path":")" + name + R"(","sizeInBytes":1,"modificationTime":1}})" + "\n";
    ASSERT_TRUE(names.Append(name).ok());
  }
  if (top_name.ends_with(".json")) return table.WriteLog(top_name, lines);
  auto sidecars = *arrow::StructArray::Make({*names.Finish()}, std::vector<std::string>{"path"});
  auto top = rows->Slice(0, others);
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  auto add_nulls = [](const std::shared_ptr<arrow::Array>& array, int64_t before, int64_t after) {
    arrow::ArrayVector chunks = {*arrow::MakeArrayOfNull(array->type(), before), array,
                                 *arrow::MakeArrayOfNull(array->type(), after)};
    return std::make_shared<arrow::ChunkedArray>(chunks);
  };
  arrow::FieldVector fields;
  for (int i = 0; i < top->num_columns(); ++i) {
    auto chunks = top->column(i)->chunks();
    chunks.push_back(*arrow::MakeArrayOfNull(top->field(i)->type(), 2));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(chunks, top->field(i)->type()));
    fields.push_back(top->field(i));
  }
  columns.push_back(add_nulls(sidecars, others, 0));
  fields.push_back(arrow::field("sidecar", sidecars->type()));
  table.WriteLog(top_name, parquet::EncodeTable(*arrow::Table::Make(arrow::schema(fields), columns)));
}

TEST(CheckpointTest, ACheckpointOfTheSecondKindCountsUnderEachOfItsNames) {
  for (const char* name : {"00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
                           "00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
                           "00000000000000000002.checkpoint.parquet"}) {
    SCOPED_TRACE(name);
    TestTable table;
    WriteRichTable(table);
    Snapshot from_commits = table.Load();
    WriteV2Checkpoint(table, from_commits, name);
    for (Version version = 0; version <= 2; ++version) table.storage().Remove(CommitPath("t", version));
    ExpectSameState(table.Load(), from_commits);
    table.WriteCommit(3, AddLine("later"));
    EXPECT_EQ(table.Load().files().size(), 3u);
  }
}

TEST(CheckpointTest, ASidecarThatIsAbsentOrDamagedIsNamed) {
  TestTable table;
  WriteRichTable(table);
  WriteV2Checkpoint(table, table.Load(), "00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json");
  std::string path = SidecarPath("t", "016ae953-37a9-438e-8683-9a9a4a79a391.parquet");
  table.storage().Write(path, "PAR1");
  EXPECT_EQ(ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(); }).find(path), 0u);
  table.storage().Remove(path);
  EXPECT_NE(ErrorOf(ErrorKind::kIo, [&] { table.Load(); }).find(path), std::string::npos);
}

TEST(CheckpointTest, DeletionVectorsAreInACheckpointThatHasAny) {
  TestTable table;
  WriteRichTable(table);
  EXPECT_EQ(BuildCheckpoint(table.Load(), 2000)->GetColumnByName("add")->type()->ToString().find("deletionVector"),
            std::string::npos);
  const char* kVector =
      R"("deletionVector":{"storageType":"p","pathOrInlineDv":"/x","offset":4,"sizeInBytes":5,"cardinality":6}}})";
  table.WriteCommit(
      3, std::string(R"({"add":{"path":"plain","size":1,)") + kVector + "\n" + R"({"remove":{"path":"plain"}})");
  table.WriteCommit(4, std::string(R"({"remove":{"path":"gone","deletionTimestamp":1999,)") + kVector);
  Snapshot from_commits = table.Load();
  WriteCheckpoint(table.storage(), from_commits, 2000);
  for (Version version = 0; version <= 4; ++version) table.storage().Remove(CommitPath("t", version));
  Snapshot from_checkpoint = table.Load();
  EXPECT_EQ(from_checkpoint.files().at("plain").deletion_vector->UniqueId(), "p/x@4");
  EXPECT_FALSE(from_checkpoint.files().at("p=a%20b/ü.parquet").deletion_vector);
  EXPECT_TRUE(from_checkpoint.tombstones().contains("gone\np/x@4"));
}

// Bytes of a checkpoint changed at random are another checkpoint or an error that names it, and never a crash.
TEST(CheckpointTest, AGarbledCheckpointIsNeverACrash) {
  TestTable table;
  WriteRichTable(table);
  WriteCheckpoint(table.storage(), table.Load(), 2000);
  const std::string whole = table.storage().Read(CheckpointPath("t", 2));
  std::mt19937 random(1);
  int errors = 0;
  for (int round = 0; round < 300; ++round) {
    std::string garbled = whole;
    for (int i = 0; i < 3; ++i) garbled[random() % garbled.size()] = static_cast<char>(random());
    table.storage().Write(CheckpointPath("t", 2), garbled);
    try {
      table.Load();
    } catch (const base::Error&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 0);
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
