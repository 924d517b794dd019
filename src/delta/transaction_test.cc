#include "delta/transaction.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"
#include "storage/faulty_storage.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;
using Strings = std::vector<std::string>;

base::Json FirstLine(TestTable& table, Version version) {
  std::string text = table.storage().Read(CommitPath("t", version));
  return base::Json::parse(text.substr(0, text.find('\n')));
}

TEST(TransactionTest, WhatIsCommittedIsLoaded) {
  TestTable table;
  Transaction create(table.storage(), "t", std::nullopt);
  create.Stage(TestTable::NewMetadata());
  create.Stage(table.NewFile("city=São Paulo%2F/a b.parquet", {{"city", "São Paulo/"}}));
  create.Stage(table.NewFile("city=__HIVE_DEFAULT_PARTITION__/b.parquet", {{"city", std::nullopt}}));
  create.Stage(SetTransaction{.app_id = "qlake.load", .version = 3});
  EXPECT_EQ(CommittedVersion(std::move(create).Commit(TestTable::Clock(), {})), 0);
  Snapshot snapshot = table.Load();
  EXPECT_EQ(PathsOf(snapshot), (Strings{"city=São Paulo%2F/a b.parquet", "city=__HIVE_DEFAULT_PARTITION__/b.parquet"}));
  EXPECT_EQ(snapshot.files().begin()->second.partition_values.at("city"), "São Paulo/");
  EXPECT_EQ(snapshot.files().rbegin()->second.partition_values.at("city"), std::nullopt);
  EXPECT_EQ(snapshot.files().begin()->second.stats, R"({"numRecords":1})");
  EXPECT_EQ(snapshot.TransactionVersion("qlake.load"), 3);
  EXPECT_EQ(snapshot.metadata().partition_columns, (Strings{"city"}));
  EXPECT_EQ(snapshot.timestamp_ms(), TestTable::kStartMs);
}

TEST(TransactionTest, TheFirstLineSaysWhoDidWhat) {
  TestTable table;
  table.Create();
  Transaction transaction = table.Begin();
  transaction.Stage(table.NewFile("a"));
  std::string txn_id = transaction.txn_id();
  CommitOptions options{.operation = "MERGE",
                        .operation_parameters = {{"mode", "Append"}, {"by", {"a", "b"}}},
                        .operation_metrics = {{"numOutputRows", 5}},
                        .run_id = "run-1"};
  EXPECT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), options)), 1);
  base::Json info = FirstLine(table, 1).at("commitInfo");
  EXPECT_EQ(info["operation"], "MERGE");
  EXPECT_EQ(info["operationParameters"]["by"], "[\"a\",\"b\"]");
  EXPECT_EQ(info["operationMetrics"]["numOutputRows"], "5");
  EXPECT_EQ(info["engineInfo"], "qlake/0.1.0");
  EXPECT_EQ(info["isBlindAppend"], true);
  EXPECT_EQ(info["txnId"], txn_id);
  EXPECT_EQ(info["qlakeRunId"], "run-1");
}

TEST(TransactionTest, RemovedFilesKeepTheirFactsInTheLog) {
  TestTable table;
  table.Create();
  table.Append("a");
  Transaction transaction = table.Begin();
  transaction.Stage(TestTable::Removal(table.Load().files().at("a")));
  EXPECT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {})), 2);
  EXPECT_TRUE(table.Load().files().empty());
  EXPECT_EQ(table.Load().tombstones().at("a").size_bytes, 4);
  EXPECT_EQ(table.Load().tombstones().at("a").deletion_timestamp_ms, TestTable::kStartMs);
  EXPECT_EQ(FirstLine(table, 2)["commitInfo"]["isBlindAppend"], false);
}

TEST(TransactionTest, TimestampsGrowEvenWhenTheClockStandsOrStepsBack) {
  TestTable table;
  table.Create();
  table.Append("a");
  Transaction transaction = table.Begin();
  transaction.Stage(table.NewFile("b"));
  static_cast<void>(std::move(transaction).Commit(base::FixedClock({5}), {}));
  for (Version version = 0; version <= 2; ++version) {
    EXPECT_EQ(table.Load(version).timestamp_ms(), TestTable::kStartMs + version);
  }
  // A loser whose base is older than the winner's commit ends up after it all the same.
  Transaction late(table.storage(), "t", table.Load(0));
  late.Stage(table.NewFile("c"));
  EXPECT_EQ(CommittedVersion(std::move(late).Commit(TestTable::Clock(), {})), 3);
  EXPECT_EQ(table.Load().timestamp_ms(), TestTable::kStartMs + 3);
}

TEST(TransactionTest, CreatingATableThatExistsIsAConflict) {
  TestTable table;
  Transaction first(table.storage(), "t", std::nullopt);
  first.Stage(TestTable::NewMetadata());
  table.Create();
  EXPECT_TRUE(ConflictReason(std::move(first).Commit(TestTable::Clock(), {})));
  table.Append("a", {.checkpoint_interval = 1});
  table.storage().Remove(CommitPath("t", 0));
  EXPECT_TRUE(ConflictReason(table.Create())) << "version 0 was cleaned up, but the table is there";
  EXPECT_FALSE(table.storage().Find(CommitPath("t", 0)));
}

TEST(TransactionTest, AFileThatWasNeverWrittenIsNotCommitted) {
  TestTable table;
  table.Create();
  Transaction transaction = table.Begin();
  transaction.Stage(AddFile{.path = "never/written"});
  EXPECT_NE(ErrorOf(ErrorKind::kIo, [&] { static_cast<void>(std::move(transaction).Commit(TestTable::Clock(), {})); })
                .find("never/written"),
            std::string::npos);
  EXPECT_EQ(table.Load().version(), 0);
}

TEST(TransactionTest, WhatTheTableForbidsIsNotWritten) {
  TestTable table;
  auto message_for = [&](const std::string& protocol, const std::string& metadata, bool removes) {
    table.WriteCommit(0, "{\"protocol\":" + protocol + "}\n" + metadata + AddLine("a"));
    Transaction transaction = table.Begin();
    if (removes) {
      transaction.Stage(RemoveFile{.path = "a"});
    } else {
      transaction.Stage(table.NewFile("b"));
    }
    std::string message =
        ErrorOf(ErrorKind::kInput, [&] { static_cast<void>(std::move(transaction).Commit(TestTable::Clock(), {})); });
    table.storage().Remove(CommitPath("t", 1));
    return message;
  };
  std::string append_only = R"({"metaData":{"id":"m","schemaString":"{}","configuration":{"delta.appendOnly":"true"}}})"
                            "\n";
  std::string ours = R"({"minReaderVersion":1,"minWriterVersion":2})";
  EXPECT_EQ(message_for(ours, append_only, false), "no error");
  EXPECT_NE(message_for(ours, append_only, true).find("append-only"), std::string::npos);
  EXPECT_EQ(message_for(R"({"minReaderVersion":1,"minWriterVersion":6})", kMetadataLine, false), "no error");
  EXPECT_NE(message_for(R"({"minReaderVersion":1,"minWriterVersion":8})", kMetadataLine, false).find("8"),
            std::string::npos);
  EXPECT_NE(message_for(R"({"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking"]})",
                        kMetadataLine, false)
                .find("rowTracking"),
            std::string::npos);
  auto with_field = [&](const std::string& field) {
    base::Json schema = {{"type", "struct"}, {"fields", {base::Json::parse(field)}}};
    base::Json metadata = {{"metaData", {{"id", "m"}, {"schemaString", schema.dump()}}}};
    return message_for(R"({"minReaderVersion":1,"minWriterVersion":6})", metadata.dump() + "\n", false);
  };
  EXPECT_NE(with_field(R"({"name":"g","type":"integer","metadata":{"delta.generationExpression":"a * 2"}})")
                .find(R"(generatedColumns (column "g"))"),
            std::string::npos);
  EXPECT_NE(with_field(R"({"name":"i","type":"long","metadata":{"delta.identity.start":1}})").find("identityColumns"),
            std::string::npos);
}

TEST(TransactionTest, RowsThatNobodyVouchesForDoNotComeIntoATableThatAsksForSomething) {
  auto message_for = [&](const std::string& configuration, bool removes, bool vouches) {
    TestTable table;
    table.WriteCommit(0,
                      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}\n"
                      R"({"metaData":{"id":"m","schemaString":"{}","configuration":{)" +
                          configuration + "}}}\n" + AddLine("a"));
    Transaction transaction = table.Begin();
    transaction.Stage(table.NewFile("b"));
    if (removes) transaction.Stage(RemoveFile{.path = "a"});
    if (vouches) transaction.VouchForRows();
    return ErrorOf(ErrorKind::kInput,
                   [&] { static_cast<void>(std::move(transaction).Commit(TestTable::Clock(), {})); });
  };
  std::string check = R"("delta.constraints.positive":"a > 0")";
  EXPECT_NE(message_for(check, false, false).find("positive"), std::string::npos);
  EXPECT_EQ(message_for(check, false, true), "no error");
  std::string changes = R"("delta.enableChangeDataFeed":"true")";
  EXPECT_EQ(message_for(changes, false, false), "no error");
  EXPECT_NE(message_for(changes, true, false).find("change data"), std::string::npos);
  EXPECT_EQ(message_for(changes, true, true), "no error");
}

TEST(TransactionTest, MetadataThatAsksForMoreRaisesTheProtocolInTheSameVersion) {
  TestTable table;
  table.Create();
  Metadata metadata = TestTable::NewMetadata();
  metadata.configuration["delta.enableChangeDataFeed"] = "true";
  Transaction transaction = table.Begin();
  transaction.Stage(metadata);
  EXPECT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {})), 1);
  EXPECT_EQ(table.Load(0).protocol().min_writer_version, 2);
  EXPECT_EQ(table.Load(1).protocol().min_reader_version, 1);
  EXPECT_EQ(table.Load(1).protocol().min_writer_version, 4);
  // Once it is raised, it is not said again.
  Transaction next = table.Begin();
  next.Stage(metadata);
  EXPECT_EQ(CommittedVersion(std::move(next).Commit(TestTable::Clock(), {})), 2);
  EXPECT_EQ(table.storage().Read(CommitPath("t", 2)).find("minWriterVersion"), std::string::npos);
}

TEST(TransactionTest, ChangeFilesStandInTheVersionAndNotInTheTable) {
  TestTable table;
  table.Create();
  table.NewFile("_change_data/cdc-1");
  Transaction transaction = table.Begin();
  transaction.Stage(table.NewFile("a"));
  transaction.Stage(ChangeFile{"_change_data/cdc-1", {{"city", "x"}}, 4});
  EXPECT_EQ(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {})), 1);
  EXPECT_EQ(PathsOf(table.Load()), Strings{"a"});
  EXPECT_NE(
      table.storage()
          .Read(CommitPath("t", 1))
          .find(R"({"cdc":{"path":"_change_data/cdc-1","partitionValues":{"city":"x"},"size":4,"dataChange":false}})"),
      std::string::npos);
}

TEST(TransactionTest, TheTablesOwnCheckpointIntervalCountsUnlessTheCallerHasAnother) {
  TestTable table;
  Transaction create(table.storage(), "t", std::nullopt);
  Metadata metadata = TestTable::NewMetadata();
  metadata.configuration["delta.checkpointInterval"] = "2";
  create.Stage(metadata);
  ASSERT_EQ(CommittedVersion(std::move(create).Commit(TestTable::Clock(), {})), 0);
  for (int i = 1; i <= 4; ++i) table.Append("f" + std::to_string(i));
  table.Append("f5", {.checkpoint_interval = 5});
  for (Version version = 1; version <= 5; ++version) {
    EXPECT_EQ(table.storage().Find(CheckpointPath("t", version)).has_value(), version != 1 && version != 3) << version;
  }
}

TEST(TransactionTest, ACheckpointIsWrittenAtEachMultipleOfTheInterval) {
  TestTable table;
  table.Create();
  for (int i = 1; i <= 7; ++i) table.Append("f" + std::to_string(i), {.checkpoint_interval = 3});
  for (Version version = 0; version <= 7; ++version) {
    EXPECT_EQ(table.storage().Find(CheckpointPath("t", version)).has_value(), version == 3 || version == 6) << version;
  }
  Snapshot before = table.Load();
  for (Version version = 0; version < 6; ++version) table.storage().Remove(CommitPath("t", version));
  EXPECT_EQ(PathsOf(table.Load()), PathsOf(before));
  EXPECT_EQ(table.Load(6).timestamp_ms(), TestTable::kStartMs + 6);
  EXPECT_EQ(CommittedVersion(table.Append("f8", {.checkpoint_interval = 0})), 8);
}

TEST(TransactionTest, ACheckpointThatFailsDoesNotFailTheCommit) {
  TestTable table;
  table.Create();
  for (const char* fault : {"replace:1:ENOSPC", "replace:2:EIO", "read:2:EIO"}) {
    storage::FaultyStorage faulty(storage::OpenLocalStorage(table.root()), storage::ParseFault(fault));
    auto base = Snapshot::Load(faulty, "t", 0);
    Transaction transaction(faulty, "t", table.Load());
    transaction.Stage(table.NewFile("a"));
    EXPECT_TRUE(CommittedVersion(std::move(transaction).Commit(TestTable::Clock(), {.checkpoint_interval = 1})));
    EXPECT_TRUE(faulty.fired()) << fault;
  }
  EXPECT_EQ(table.Load().version(), 3);
}

// Fails every storage call of a commit in turn, in every way. Whatever happens, the table is at the old or the new
// version, and an answer, when there is one, is true.
TEST(TransactionTest, AfterAnyFailureTheTableIsOldOrNewAndTheAnswerIsTrue) {
  int unknown_outcomes_resolved = 0;
  for (const char* kind : {"EIO", "ENOSPC", "SHORT", "EIO_AFTER", "EIO:persistent", "EIO_AFTER:persistent"}) {
    bool fired = true;
    for (int call = 1; fired; ++call) {
      SCOPED_TRACE(fmt::format("any:{}:{}", call, kind));
      ASSERT_LT(call, 50);
      TestTable table;
      table.Create();
      std::string path = "city=x/ours";
      AddFile file = table.NewFile(path);
      Transaction racer = table.Begin();
      racer.Stage(table.NewFile("racer"));
      storage::FaultyStorage faulty(storage::OpenLocalStorage(table.root()),
                                    storage::ParseFault(fmt::format("any:{}:{}", call, kind)));
      Transaction ours(faulty, "t", table.Load());
      ours.Stage(file);
      ASSERT_EQ(CommittedVersion(std::move(racer).Commit(TestTable::Clock(), {})), 1);
      std::optional<CommitOutcome> outcome;
      std::string error;
      try {
        outcome = std::move(ours).Commit(TestTable::Clock(), {.checkpoint_interval = 2});
      } catch (const base::Error& caught) {
        EXPECT_EQ(caught.kind(), ErrorKind::kIo) << caught.message();
      }
      fired = faulty.fired();
      Snapshot after = table.Load();
      bool is_visible = after.files().contains(path);
      EXPECT_EQ(after.version(), is_visible ? 2 : 1);
      EXPECT_TRUE(after.files().contains("racer"));
      if (outcome) {
        EXPECT_EQ(CommittedVersion(*outcome), is_visible ? std::optional<Version>(2) : std::nullopt);
      }
      if (outcome && fired && std::string_view(kind) == "EIO_AFTER") ++unknown_outcomes_resolved;
    }
  }
  EXPECT_GT(unknown_outcomes_resolved, 0);
}

TEST(TransactionTest, AnUnknownOutcomeIsLookedUpInTheLog) {
  TestTable table;
  table.Create();
  storage::FaultyStorage faulty(storage::OpenLocalStorage(table.root()), storage::ParseFault("put:1:EIO_AFTER"));
  Transaction ours(faulty, "t", table.Load());
  ours.Stage(table.NewFile("a"));
  EXPECT_EQ(CommittedVersion(std::move(ours).Commit(TestTable::Clock(), {})), 1);
  // The put fails before it happens and another has the name: that is a lost race, not our commit.
  storage::FaultyStorage lost(storage::OpenLocalStorage(table.root()), storage::ParseFault("put:1:EIO"));
  Transaction second(lost, "t", table.Load(0));
  second.Stage(table.NewFile("b"));
  EXPECT_EQ(CommittedVersion(std::move(second).Commit(TestTable::Clock(), {})), 2);
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"a", "b"}));
}

}  // namespace
}  // namespace qlake::delta
