#include "delta/snapshot.h"

#include <arrow/table.h>
#include <gtest/gtest.h>


#include "delta/test_table.h"
#include "parquet/table_codec.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;
using Strings = std::vector<std::string>;

std::string Info(int64_t timestamp_ms) {
  return "{\"commitInfo\":{\"timestamp\":" + std::to_string(timestamp_ms) + "}}\n";
}

// Versions 0, 1, 2, each with one file more, committed at 1000, 2000 and 3000 ms.
void WriteThreeVersions(TestTable& table) {
  table.WriteCommit(0, Info(1000) + kProtocolLine + kMetadataLine + AddLine("a"));
  table.WriteCommit(1, Info(2000) + AddLine("b"));
  table.WriteCommit(2, Info(3000) + AddLine("c"));
}

TEST(SnapshotTest, ATableWithoutALogDoesNotExist) {
  TestTable table;
  EXPECT_FALSE(Snapshot::Load(table.storage(), "t"));
  EXPECT_FALSE(Snapshot::LoadAsOf(table.storage(), "t", {0}));
  table.WriteLog("_last_checkpoint", "{}");
  table.WriteLog(".00000000000000000000.json.crc", "x");
  table.WriteLog("00000000000000000000.crc", "x");
  EXPECT_FALSE(Snapshot::Load(table.storage(), "t"));
}

TEST(SnapshotTest, EachVersionCanBeLoadedByItsNumber) {
  TestTable table;
  WriteThreeVersions(table);
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"a", "b", "c"}));
  EXPECT_EQ(PathsOf(table.Load(1)), (Strings{"a", "b"}));
  EXPECT_EQ(table.Load(1).timestamp_ms(), 2000);
  EXPECT_EQ(ErrorOf(ErrorKind::kInput, [&] { table.Load(3); }), "table t has no version 3; its newest is 2");
  EXPECT_EQ(ErrorOf(ErrorKind::kInput, [&] { table.Load(-1); }), "table t has no version -1; its newest is 2");
}

TEST(SnapshotTest, AMomentFindsTheNewestVersionAtOrBeforeIt) {
  TestTable table;
  WriteThreeVersions(table);
  auto version_at = [&](int64_t ms) {
    auto snapshot = Snapshot::LoadAsOf(table.storage(), "t", {ms * 1000});
    return snapshot ? snapshot->version() : kNoVersion;
  };
  EXPECT_EQ(version_at(999), kNoVersion);
  EXPECT_EQ(version_at(1000), 0);
  EXPECT_EQ(version_at(2999), 1);
  EXPECT_EQ(version_at(9999), 2);
}

TEST(SnapshotTest, RemovedFilesAreTombstonesUntilAddedAgain) {
  TestTable table;
  WriteThreeVersions(table);
  table.WriteCommit(3, R"({"remove":{"path":"a","deletionTimestamp":5,"dataChange":true}})");
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"b", "c"}));
  EXPECT_EQ(table.Load().tombstones().at("a").deletion_timestamp_ms, 5);
  table.WriteCommit(4, AddLine("a"));
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"a", "b", "c"}));
  EXPECT_TRUE(table.Load().tombstones().empty());
}

std::string FileLine(const std::string& action, const std::string& path, const std::string& vector) {
  std::string line = R"({")" + action + R"(":{"path":")" + path + R"(","size":1)";
  if (!vector.empty()) {
    line += R"(,"deletionVector":{"storageType":"i","pathOrInlineDv":")" + vector +
            R"(","sizeInBytes":40,"cardinality":6})";
  }
  return line + "}}\n";
}

TEST(SnapshotTest, AFileWithANewDeletionVectorTakesThePlaceOfTheOldOneInAnyOrder) {
  TestTable table;
  WriteThreeVersions(table);
  table.WriteCommit(3, FileLine("add", "a", "first") + FileLine("remove", "a", ""));
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"a", "b", "c"}));
  EXPECT_EQ(table.Load().files().at("a").deletion_vector->UniqueId(), "ifirst");
  table.WriteCommit(4, FileLine("remove", "a", "first") + FileLine("add", "a", "second"));
  EXPECT_EQ(table.Load().files().at("a").deletion_vector->UniqueId(), "isecond");
  EXPECT_EQ(table.Load().tombstones().size(), 2u);  // The file as it was without a vector, and with the first.
  table.WriteCommit(5, FileLine("remove", "a", "first"));
  EXPECT_TRUE(table.Load().files().contains("a"));
  table.WriteCommit(6, FileLine("remove", "a", "second"));
  EXPECT_EQ(PathsOf(table.Load()), (Strings{"b", "c"}));
  table.WriteCommit(7, FileLine("add", "a", ""));
  EXPECT_FALSE(table.Load().files().at("a").deletion_vector);
  EXPECT_EQ(table.Load().tombstones().size(), 2u);
}

TEST(SnapshotTest, TheLatestTransactionOfAnApplicationCounts) {
  TestTable table;
  WriteThreeVersions(table);
  table.WriteCommit(3, R"({"txn":{"appId":"x","version":7}})");
  table.WriteCommit(4, R"({"txn":{"appId":"x","version":8,"lastUpdated":1}})");
  EXPECT_EQ(table.Load().TransactionVersion("x"), 8);
  EXPECT_EQ(table.Load(3).TransactionVersion("x"), 7);
  EXPECT_EQ(table.Load().TransactionVersion("y"), -1);
}

TEST(SnapshotTest, ForeignFilesInTheLogDoNotCount) {
  TestTable table;
  WriteThreeVersions(table);
  for (const char* name : {"00000000000000000001.00000000000000000002.compacted.json", "00000000000000000009.json.tmp",
                           "00000000000000000009.crc", "9.json", "99999999999999999999.json",
                           "00000000000000000009.checkpoint.0000000001.0000000002.parquet",
                           "00000000000000000009.checkpoint.0000000003.0000000002.parquet",
                           "00000000000000000009.checkpoint.parquet.tmp", "-0000000000000000009.json", "notes.txt"}) {
    table.WriteLog(name, "x");
  }
  table.WriteLog("_sidecars/x.parquet", "x");
  EXPECT_EQ(table.Load().version(), 2);
}

TEST(SnapshotTest, AGapInTheLogIsCorruptAndNamed) {
  TestTable table;
  WriteThreeVersions(table);
  table.WriteCommit(4, AddLine("e"));
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(); }).find("lacks version 3"), std::string::npos);
  EXPECT_EQ(table.Load(2).version(), 2);
  table.storage().Remove(CommitPath("t", 0));
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(2); }).find("lacks version 0"), std::string::npos);
}

TEST(SnapshotTest, ALogWithoutMetadataOrProtocolIsCorrupt) {
  TestTable table;
  table.WriteCommit(0, kProtocolLine + AddLine("a"));
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(); }).find("no metaData"), std::string::npos);
  table.WriteCommit(0, kMetadataLine + AddLine("a"));
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [&] { table.Load(); }).find("no protocol"), std::string::npos);
}

TEST(SnapshotTest, WhatATableNeedsAndWeLackIsNamed) {
  TestTable table;
  auto message_for = [&](const std::string& protocol, const std::string& metadata = kMetadataLine) {
    table.WriteCommit(0, "{\"protocol\":" + protocol + "}\n" + metadata);
    return ErrorOf(ErrorKind::kInput, [&] { table.Load(); });
  };
  auto with_mapping = [](const std::string& mode) {
    return R"({"metaData":{"id":"m","schemaString":"{}","configuration":{"delta.columnMapping.mode":")" + mode +
           "\"}}}\n";
  };
  EXPECT_EQ(message_for(R"({"minReaderVersion":2,"minWriterVersion":5})"), "no error");
  EXPECT_EQ(message_for(R"({"minReaderVersion":2,"minWriterVersion":5})", with_mapping("none")), "no error");
  EXPECT_EQ(message_for(R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],)"
                        R"("writerFeatures":["timestampNtz"]})"),
            "no error");
  for (const char* mode : {"name", "id"}) {
    EXPECT_EQ(message_for(R"({"minReaderVersion":2,"minWriterVersion":5})", with_mapping(mode)), "no error");
  }
  EXPECT_NE(message_for(R"({"minReaderVersion":2,"minWriterVersion":5})", with_mapping("moon")).find("columnMapping"),
            std::string::npos);
  // A property that the protocol does not name as a feature means nothing.
  EXPECT_EQ(message_for(R"({"minReaderVersion":1,"minWriterVersion":2})", with_mapping("moon")), "no error");
  auto with_feature = [&](const std::string& feature) {
    return message_for(R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[")" + feature + "\"]}");
  };
  for (const char* feature :
       {"columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "v2Checkpoint", "vacuumProtocolCheck"}) {
    EXPECT_EQ(with_feature(feature), "no error");
  }
  for (const char* feature : {"variantType", "variantShredding-preview", "catalogManaged", "whatComesNext"}) {
    EXPECT_EQ(with_feature(feature), std::string("table t needs a feature that is not supported: ") + feature);
  }
  EXPECT_NE(message_for(R"({"minReaderVersion":4,"minWriterVersion":7})").find("4"), std::string::npos);
}

TEST(SnapshotTest, ThousandsOfFilesInHundredsOfVersionsAreCounted) {
  TestTable table;
  table.WriteCommit(0, std::string(kProtocolLine) + kMetadataLine);
  for (Version version = 1; version <= 200; ++version) {
    std::string lines = Info(version);
    for (int i = 0; i < 20; ++i) lines += AddLine(fmt::format("day={}/part-{}-{}.parquet", i, version, i));
    table.WriteCommit(version, lines);
  }
  EXPECT_EQ(table.Load().files().size(), 4000u);
}

int64_t RowsOf(const storage::Storage& storage, const std::vector<std::string>& paths) {
  int64_t rows = 0;
  for (const std::string& path : paths) rows += parquet::DecodeFile(storage.Read(path), path)->num_rows();
  return rows;
}

// The Delta acceptance tests: every version that they have expected rows of must name files of as many rows.
TEST(AcceptanceSuiteTest, EveryVersionHasTheFilesOfTheExpectedRows) {
  std::filesystem::path suite = std::filesystem::path(QLAKE_SHARED) / "suites/dat/tests/reader_tests/generated";
  if (!std::filesystem::exists(suite)) GTEST_SKIP() << "the Delta acceptance tests are absent: " << suite;
  int versions = 0;
  for (const auto& folder : std::filesystem::directory_iterator(suite)) {
    auto storage = storage::OpenLocalStorage(folder.path().string());
    for (const auto& expected : std::filesystem::directory_iterator(folder.path() / "expected")) {
      std::string name = expected.path().filename().string();
      SCOPED_TRACE(folder.path().filename().string() + " " + name);
      auto json = base::Json::parse(storage->Read("expected/" + name + "/table_version_metadata.json"));
      auto snapshot = Snapshot::Load(*storage, "delta", json["version"].get<Version>());
      ASSERT_TRUE(snapshot);
      if (name == "latest") {
        EXPECT_EQ(Snapshot::Load(*storage, "delta")->version(), snapshot->version());
      }
      EXPECT_EQ(snapshot->protocol().min_reader_version, json["min_reader_version"].get<int>());
      Strings live;
      for (const std::string& path : PathsOf(*snapshot)) live.push_back("delta/" + path);
      Strings wanted;
      for (const auto& entry : storage->ListAll("expected/" + name + "/table_content")) {
        if (entry.path.ends_with(".parquet")) wanted.push_back(entry.path);
      }
      EXPECT_EQ(RowsOf(*storage, live), RowsOf(*storage, wanted));
      ++versions;
    }
  }
  EXPECT_EQ(versions, 19);
}

}  // namespace
}  // namespace qlake::delta
