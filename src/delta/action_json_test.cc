#include "delta/action_json.h"

#include <gtest/gtest.h>

#include "delta/path_encoding.h"
#include "delta/retention.h"
#include "delta/test_table.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;

template <typename T>
T RoundTrip(const T& action) {
  std::vector<Action> actions = ParseActions(FormatAction(action) + "\n", "log");
  EXPECT_EQ(actions.size(), 1u);
  return std::get<T>(actions.at(0));
}

TEST(ActionJsonTest, AddRoundTripsWithTheOddestNamesAndValues) {
  AddFile file{.path = "city=São Paulo%2F\"x\"/a b:c%20#?\n.parquet",
               .partition_values = {{"city", "São Paulo/\"x\"\t"}, {"none", std::nullopt}},
               .size_bytes = INT64_MAX,
               .modification_time_ms = 1,
               .data_change = false,
               .stats = R"({"numRecords":1,"minValues":{"a":"\""}})",
               .tags = {{"k", "v"}}};
  AddFile read = RoundTrip(file);
  EXPECT_EQ(read.path, file.path);
  EXPECT_EQ(read.partition_values, file.partition_values);
  EXPECT_EQ(read.size_bytes, file.size_bytes);
  EXPECT_EQ(read.data_change, false);
  EXPECT_EQ(read.stats, file.stats);
  EXPECT_EQ(read.tags, file.tags);
}

TEST(ActionJsonTest, EveryOtherActionRoundTrips) {
  RemoveFile remove = RoundTrip(RemoveFile{.path = "a b",
                                           .deletion_timestamp_ms = 7,
                                           .data_change = false,
                                           .partition_values = {{"p", "1"}},
                                           .size_bytes = 9});
  EXPECT_EQ(remove.path, "a b");
  EXPECT_EQ(remove.deletion_timestamp_ms, 7);
  EXPECT_FALSE(remove.data_change);
  EXPECT_EQ(remove.size_bytes, 9);
  SetTransaction transaction = RoundTrip(SetTransaction{.app_id = "qlake.x", .version = 5, .last_updated_ms = 6});
  EXPECT_EQ(transaction.app_id, "qlake.x");
  EXPECT_EQ(transaction.version, 5);
  EXPECT_EQ(transaction.last_updated_ms, 6);
  Metadata metadata = RoundTrip(Metadata{.id = "i",
                                         .name = "n",
                                         .description = "d",
                                         .schema_json = "{\"a\":1}",
                                         .partition_columns = {"p", "q"},
                                         .configuration = {{"k", "v"}},
                                         .created_time_ms = 8});
  EXPECT_EQ(metadata.name, "n");
  EXPECT_EQ(metadata.description, "d");
  EXPECT_EQ(metadata.schema_json, "{\"a\":1}");
  EXPECT_EQ(metadata.partition_columns, (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(metadata.configuration.at("k"), "v");
  Protocol protocol = RoundTrip(Protocol{3, 7, {"timestampNtz"}, {"timestampNtz", "appendOnly"}});
  EXPECT_EQ(protocol.min_writer_version, 7);
  EXPECT_EQ(protocol.reader_features.size(), 1u);
  EXPECT_EQ(protocol.writer_features.size(), 2u);
}

TEST(ActionJsonTest, AFeatureListStandsOnlyInAProtocolThatHasFeatures) {
  EXPECT_EQ(FormatAction(Protocol()), R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})");
}

TEST(ActionJsonTest, UnknownActionsAndFieldsAndBlankLinesAreLeftOut) {
  std::vector<Action> actions = ParseActions(
      "{\"cdc\":{\"path\":\"x\"}}\r\n\n{\"domainMetadata\":{}}\n"
      "{\"add\":{\"path\":\"a\",\"size\":1,\"news\":[{}],\"stats\":null,\"tags\":{\"t\":null}},\"remove\":null}",
      "log");
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::get<AddFile>(actions[0]).path, "a");
}

TEST(ActionJsonTest, AnEmptyPartitionValueIsNull) {
  std::vector<Action> actions = ParseActions(R"({"add":{"path":"a","size":1,"partitionValues":{"p":""}}})", "log");
  EXPECT_EQ(std::get<AddFile>(actions[0]).partition_values.at("p"), std::nullopt);
}

TEST(ActionJsonTest, ACorruptLineIsNamedByFileAndLine) {
  std::string good = R"({"add":{"path":"a","size":1}})";
  good += "\n";
  for (
      const char* bad : {
          R"({"add":{"path":"a","si)",                              // Cut.
          R"({"add":{"path":"a"}})",                                // No size.
          R"({"add":{"size":1}})",                                  // No path.
          R"({"add":{"path":"","size":1}})",                        // No name.
          R"({"add":{"path":"a%2","size":1}})",                     // Half an escape.
          R"({"add":{"path":"a%zz","size":1}})",                    // No escape.
          R"({"add":{"path":"a","size":"1"}})",                     // A text for a number.
          R"({"add":{"path":"a","size":1.5}})",                     // Bytes are whole.
          R"({"add":{"path":"a","size":1,"partitionValues":[]}})",  // An array for a map.
          R"({"add":{"path":"a","size":1,"partitionValues":{"p":1}}})",
          R"({"txn":{"appId":"a"}})",
          R"({"metaData":{"id":"a"}})",
          R"({"metaData":{"id":"a","schemaString":"{}","partitionColumns":[1]}})",
          R"({"protocol":{"minReaderVersion":1}})",
          R"({"add":{"path":"a","size":1,"deletionVector":{"storageType":"u"}}})",
          R"({"add":{"path":"a","size":1,"deletionVector":{"storageType":"i","pathOrInlineDv":"","sizeInBytes":-1,"cardinality":1}}})",
          R"({"sidecar":{}})",
          R"({"protocol":{"minReaderVersion":99999999999,"minWriterVersion":1}})",
          R"([1])",
          R"("add")",
          "\xff\xfe",
          "{\"add\":{\"path\":\"\xff\",\"size\":1}}",
          R"({"add":5})",
          "{} {}",
      }) {
    std::string message = ErrorOf(ErrorKind::kCorrupt, [&] { ParseActions(good + bad + "\n" + good, "t/0.json"); });
    EXPECT_EQ(message.substr(0, 18), "t/0.json, line 2: ") << bad << " gave: " << message;
  }
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [] { ParseActions("", "t/0.json"); }), "no error");
}

TEST(ActionJsonTest, AFileOutsideOfTheTableHasOnePathHoweverItIsWritten) {
  auto path_of = [](const std::string& encoded) {
    auto actions = ParseActions(R"({"add":{"size":1,"path":")" + encoded + "\"}}", "log");
    return std::get<AddFile>(actions.at(0)).path;
  };
  for (const char* path : {"/data/x%20y", "file:/data/x%20y", "file:///data/x%20y", "file://localhost/data/x%20y"}) {
    EXPECT_EQ(path_of(path), "/data/x y");
    EXPECT_EQ(LocateFile("t", path_of(path)), "/data/x y");
  }
  EXPECT_EQ(path_of("s3://bucket/a%20b"), "s3://bucket/a b");
  EXPECT_EQ(path_of("dbfs:/a"), "dbfs:///a");
  EXPECT_EQ(path_of("a/b:c"), "a/b:c");
  EXPECT_EQ(path_of("a=2023-05-20 10%3A00/b"), "a=2023-05-20 10:00/b");
  EXPECT_EQ(LocateFile("t", "a/b:c"), "t/a/b:c");
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [] { LocateFile("t", "s3://b/x"); }).find("s3://b/x"), std::string::npos);
  for (const char* path : {"/data/x%25 y", "s3://bucket/a b%", "a:b/c d"}) {
    EXPECT_EQ(DecodePath(EncodePath(path)), path);
  }
}

TEST(ActionJsonTest, ADeletionVectorIsPartOfWhatAFileIs) {
  DeletionVector vector{
      .storage_type = "u", .path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^", .offset = 4, .size_bytes = 40, .cardinality = 6};
  AddFile add = RoundTrip(AddFile{.path = "a", .size_bytes = 1, .deletion_vector = vector});
  RemoveFile remove = RoundTrip(RemoveFile{.path = "a", .deletion_vector = vector});
  EXPECT_EQ(add.deletion_vector->UniqueId(), "uab^-aqEH.-t@S}K{vb[*k^@4");
  EXPECT_EQ(add.deletion_vector->size_bytes, 40);
  EXPECT_EQ(add.deletion_vector->cardinality, 6);
  EXPECT_EQ(LogicalFileKey(add), LogicalFileKey(remove));
  remove.deletion_vector.reset();
  EXPECT_NE(LogicalFileKey(add), LogicalFileKey(remove));
}

TEST(ActionJsonTest, TheTimeInTheCommitCountsBeforeTheClocks) {
  for (const char* line : {R"({"commitInfo":{"inCommitTimestamp":5,"timestamp":9}})",
                           R"({"commitInfo":{"timestamp":9,"inCommitTimestamp":5}})"}) {
    EXPECT_EQ(std::get<CommitInfo>(ParseActions(line, "log").at(0)).timestamp_ms, 5);
  }
}

TEST(ActionJsonTest, TextThatIsNotUtf8CannotBeWritten) {
  SetTransaction transaction{.app_id = "\xff"};
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [&] { FormatAction(transaction); }).find("UTF-8"), std::string::npos);
}

TEST(PathEncodingTest, EscapesWhatAUriCannotHold) {
  EXPECT_EQ(EncodePath("p=a%20b/ü x+y.parquet"), "p=a%2520b/%C3%BC%20x+y.parquet");
  EXPECT_EQ(DecodePath("p=a%2520b/%C3%BC%20x+y.parquet"), "p=a%20b/ü x+y.parquet");
  EXPECT_EQ(DecodePath("already here ü"), "already here ü");
  EXPECT_EQ(DecodePath("a%"), std::nullopt);
  EXPECT_EQ(DecodePath("a%-1"), std::nullopt);
  std::string every_byte;
  for (int c = 1; c < 256; ++c) every_byte += static_cast<char>(c);
  EXPECT_EQ(DecodePath(EncodePath(every_byte)), every_byte);
}

TEST(SchemaJsonTest, ColumnsRoundTrip) {
  using Kind = base::ColumnType::Kind;
  std::vector<base::Column> columns = {
      {.name = "id", .type = {Kind::kLong}},
      {.name = "price", .type = {Kind::kDecimal, 18, 4}, .comment = "what was \"paid\""},
      {.name = "e-mail", .type = {Kind::kString}, .personal = true},
      {.name = "at", .type = {Kind::kTimestamp}}};
  EXPECT_EQ(FromSchemaJson(ToSchemaJson(columns)), columns);
}

TEST(SchemaJsonTest, ATypeThatIsNotOursIsRefusedByTheColumnsName) {
  for (const char* type : {R"({"type":"array","elementType":"long","containsNull":true})", R"("timestamp_ntz")"}) {
    std::string schema = std::string(R"({"type":"struct","fields":[{"name":"odd","type":)") + type + "}]}";
    EXPECT_NE(ErrorOf(ErrorKind::kInput, [&] { FromSchemaJson(schema); }).find("\"odd\""), std::string::npos);
  }
  for (const char* schema : {"", "{", "{}", R"({"fields":[{"name":"a"}]})", R"({"fields":5})"}) {
    EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [&] { FromSchemaJson(schema); }).find("schema"), std::string::npos)
        << schema;
  }
}

TEST(RetentionTest, IntervalsAreUnderstood) {
  EXPECT_EQ(ParseIntervalMs("interval 7 days"), 7 * 86'400'000LL);
  EXPECT_EQ(ParseIntervalMs("interval 1 week 12 hours"), 7 * 86'400'000LL + 12 * 3'600'000LL);
  EXPECT_EQ(ParseIntervalMs("interval 0 seconds"), 0);
  for (const char* text : {"", "7 days", "interval", "interval x days", "interval 7", "interval 7 moons",
                           "interval -1 days", "interval 99999999999999999999 days", "interval 1 day forever"}) {
    EXPECT_EQ(ParseIntervalMs(text), std::nullopt) << text;
  }
  EXPECT_EQ(TombstoneRetentionMs({}), 7 * 86'400'000LL);
  EXPECT_EQ(TombstoneRetentionMs({.configuration = {{"delta.deletedFileRetentionDuration", "interval 1 hour"}}}),
            3'600'000);
}

}  // namespace
}  // namespace qlake::delta
