#include "delta/schema_change.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "delta/constraints.h"
#include "delta/table_properties.h"
#include "delta/table_support.h"
#include "delta/test_table.h"

namespace qlake::delta {
namespace {

using base::Column;
using base::ErrorKind;
using Kind = base::ColumnType::Kind;
using Strings = std::vector<std::string>;

std::string SchemaOf(const std::string& type) {
  return R"({"type":"struct","fields":[{"name":"a","type":")" + type + R"(","nullable":true,"metadata":{}}]})";
}

// The column "a" of the type, after it was wanted as the other; or the complaint.
std::string Change(const std::string& from, base::ColumnType wanted) {
  std::string type;
  std::string error = ErrorOf(ErrorKind::kInput, [&] {
    auto change = ChangeSchema("t", SchemaOf(from), {{.name = "a", .type = wanted}}, {});
    type = base::Json::parse(change.schema_json)["fields"][0]["type"];
    EXPECT_EQ(change.columns.at(0).type, wanted);
    EXPECT_EQ(change.widened.size(), from == type ? 0U : 1U);
    EXPECT_EQ(change.changes, from != type);
  });
  return type.empty() ? error : type;
}

TEST(SchemaChangeTest, AColumnBecomesWiderWhereTheWiderTypeHoldsEveryValue) {
  EXPECT_EQ(Change("integer", {Kind::kLong}), "long");
  EXPECT_EQ(Change("integer", {Kind::kDouble}), "double");
  EXPECT_EQ(Change("integer", {Kind::kDecimal, 12, 2}), "decimal(12,2)");
  EXPECT_EQ(Change("decimal(9,2)", {Kind::kDecimal, 18, 4}), "decimal(18,4)");
  EXPECT_EQ(Change("float", {Kind::kDouble}), "double");
  EXPECT_EQ(Change("short", {Kind::kInteger}), "integer");
  EXPECT_EQ(Change("long", {Kind::kLong}), "long");
}

TEST(SchemaChangeTest, NarrowingAndOtherKindsAreRefusedByName) {
  EXPECT_NE(Change("long", {Kind::kInteger}).find("has column a as BIGINT, it cannot be narrowed to INTEGER"),
            std::string::npos);
  EXPECT_NE(Change("decimal(18,4)", {Kind::kDecimal, 16, 2}).find("narrowed"), std::string::npos);
  EXPECT_NE(Change("long", {Kind::kDouble}).find("cannot be written as DOUBLE"), std::string::npos);
  EXPECT_NE(Change("integer", {Kind::kDecimal, 9, 0}).find("cannot be written as"), std::string::npos);
  EXPECT_NE(Change("string", {Kind::kLong}).find("cannot be written as"), std::string::npos);
  EXPECT_NE(Change("date", {Kind::kTimestamp}).find("cannot be written as"), std::string::npos) << "it has no zone";
  EXPECT_NE(Change("float", {Kind::kString}).find("cannot be written as"), std::string::npos);
}

TEST(SchemaChangeTest, WhatOtherWritersSaidOfAColumnStays) {
  std::string schema =
      R"({"type":"struct","fields":[{"name":"a","type":"integer","nullable":false,"metadata":{"x":{"y":1}}}]})";
  auto same = ChangeSchema("t", schema, {}, {});
  EXPECT_FALSE(same.changes);
  EXPECT_EQ(same.columns.size(), 1U);
  auto change = ChangeSchema("t", schema, {{.name = "b"}, {.name = "a", .type = {Kind::kLong}, .personal = true}}, {});
  EXPECT_EQ(
      base::Json::parse(change.schema_json)["fields"],
      base::Json::parse(R"([{"name":"a","type":"long","nullable":false,"metadata":{"x":{"y":1},"qlake.personal":true}},
                                  {"name":"b","type":"string","nullable":true,"metadata":{}}])"));
  EXPECT_EQ(change.made_personal, Strings{"a"});
}

TEST(SchemaChangeTest, NamesThatDifferInCaseAloneAndPersonalPartitionsAreRefused) {
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [] { ChangeSchema("t", SchemaOf("long"), {{.name = "A"}}, {}); })
                .find("differ in case alone: a and A"),
            std::string::npos);
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [] { ChangeSchema("t", "", {{.name = "email", .personal = true}}, {"email"}); })
                .find("personal"),
            std::string::npos);
}

TEST(ConstraintsTest, ChecksNullabilityAndInvariantsAreConstraints) {
  Metadata metadata;
  metadata.configuration = {{"delta.constraints.positive", "a > 0"}, {"delta.appendOnly", "true"}};
  metadata.schema_json =
      R"({"fields":[{"name":"a`b","type":"long","nullable":false},
          {"name":"c","type":"long","metadata":{"delta.invariants":"{\"expression\":{\"expression\":\"c > 3\"}}"}}]})";
  EXPECT_EQ(ConstraintsOf(metadata),
            (std::vector<Constraint>{
                {"positive", "a > 0"}, {"a`b is not nullable", "`a``b` IS NOT NULL"}, {"invariant of c", "c > 3"}}));
}

TEST(TablePropertiesTest, ValuesThatAreNotUnderstoodAreTheDefaults) {
  Metadata metadata;
  auto set = [&](const char* name, const char* value) { metadata.configuration[name] = value; };
  EXPECT_EQ(CheckpointInterval(metadata), 10);
  EXPECT_EQ(IndexedColumnsOf(metadata).first_columns, 32);
  EXPECT_TRUE(ExpiredLogGoes(metadata));
  set("delta.checkpointInterval", "x");
  set("delta.dataSkippingNumIndexedCols", "-1");
  set("delta.dataSkippingStatsColumns", "id, `the name`");
  set("delta.enableExpiredLogCleanup", "FALSE");
  set("delta.appendOnly", "True");
  EXPECT_EQ(CheckpointInterval(metadata), 10);
  EXPECT_EQ(IndexedColumnsOf(metadata).first_columns, -1);
  EXPECT_EQ(IndexedColumnsOf(metadata).names, (Strings{"id", "the name"}));
  EXPECT_FALSE(ExpiredLogGoes(metadata));
  EXPECT_TRUE(IsAppendOnly(metadata));
}

TEST(TablePropertiesTest, AnUnknownPropertyIsRefusedWithTheOneThatWasMeant) {
  auto message = [](const char* name, const char* value) {
    return ErrorOf(ErrorKind::kInput, [&] { RequireProperty(name, value); });
  };
  EXPECT_EQ(message("delta.enableChangeDataFeed", "true"), "no error");
  EXPECT_EQ(message("delta.logRetentionDuration", "interval 60 days"), "no error");
  EXPECT_NE(message("delta.enableChangeDataFed", "true").find("did you mean delta.enableChangeDataFeed?"),
            std::string::npos);
  EXPECT_NE(message("delta.logRetentionDuration", "60 days").find("interval 30 days"), std::string::npos);
  EXPECT_NE(message("delta.checkpointInterval", "0").find("1 or more"), std::string::npos);
  EXPECT_NE(message("delta.enableDeletionVectors", "true").find("no property"), std::string::npos);
}

TEST(TableSupportTest, TheProtocolIsTheLowestThatHasWhatIsAskedFor) {
  Metadata metadata;
  EXPECT_EQ(RaiseProtocol({}, metadata), Protocol());
  metadata.configuration["delta.constraints.x"] = "a > 0";
  EXPECT_EQ(RaiseProtocol({}, metadata).min_writer_version, 3);
  metadata.configuration["delta.enableChangeDataFeed"] = "true";
  EXPECT_EQ(RaiseProtocol({}, metadata).min_writer_version, 4);
  EXPECT_EQ(RaiseProtocol({1, 5, {}, {}}, metadata).min_writer_version, 5);
  Protocol features = RaiseProtocol({1, 7, {}, {"appendOnly", "checkConstraints"}}, metadata);
  EXPECT_EQ(features.writer_features, (Strings{"appendOnly", "checkConstraints", "changeDataFeed"}));
}

}  // namespace
}  // namespace qlake::delta
