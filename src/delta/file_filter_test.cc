#include "delta/file_filter.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"

namespace qlake::delta {
namespace {

Snapshot TableOfSales(TestTable& table) {
  Metadata metadata = {.id = "m",
                       .schema_json = ToSchemaJson({{.name = "day", .type = {base::ColumnType::Kind::kDate}},
                                                    {.name = "units", .type = {base::ColumnType::Kind::kLong}},
                                                    {.name = "price", .type = {base::ColumnType::Kind::kDecimal, 9, 2}},
                                                    {.name = "city", .type = {base::ColumnType::Kind::kString}},
                                                    {.name = "paid", .type = {base::ColumnType::Kind::kBoolean}}}),
                       .partition_columns = {"day"}};
  Transaction create(table.storage(), "t", std::nullopt);
  create.Stage(metadata);
  static_cast<void>(std::move(create).Commit(TestTable::Clock(), {}));
  return table.Load();
}

AddFile SomeFile() {
  return {.path = "f",
          .partition_values = {{"day", "2023-05-20"}},
          .stats = R"({"minValues":{"units":-3,"price":1.25,"city":"Bergen"},)"
                   R"("maxValues":{"units":12,"price":9.50,"city":"Oslo"}})"};
}

TEST(FileFilterTest, AFileIsOfItsPartition) {
  AddFile file{.path = "f", .partition_values = {{"day", "2023-05-20"}, {"city", std::nullopt}}};
  EXPECT_TRUE(FilesOfPartition({})(file));
  EXPECT_TRUE(FilesOfPartition({{"day", "2023-05-20"}})(file));
  EXPECT_TRUE(FilesOfPartition({{"day", "2023-05-20"}, {"city", std::nullopt}})(file));
  EXPECT_FALSE(FilesOfPartition({{"day", "2023-05-21"}})(file));
  EXPECT_FALSE(FilesOfPartition({{"city", "Oslo"}})(file));
}

TEST(FileFilterTest, AFileOutsideOfARangeIsLeftOut) {
  TestTable table;
  Snapshot sales = TableOfSales(table);
  struct Case {
    ColumnRange range;
    bool may_hold;
  };
  for (const auto& [range, may_hold] : std::vector<Case>{{{"units", "12", {}}, true},
                                                         {{"units", "13", {}}, false},
                                                         {{"units", {}, "-3"}, true},
                                                         {{"units", {}, "-4"}, false},
                                                         {{"units", "5", "6"}, true},
                                                         {{"price", "9.5", "20"}, true},
                                                         {{"price", "9.51", "20"}, false},
                                                         {{"city", "Oslo", {}}, true},
                                                         {{"city", "Oslp", {}}, false},
                                                         {{"city", {}, "Bergen"}, true},
                                                         {{"day", "2023-05-20", "2023-05-20"}, true},
                                                         {{"day", "2023-05-21", {}}, false},
                                                         {{"day", {}, "2023-05-19"}, false},
                                                         {{"paid", "true", "true"}, true}}) {
    EXPECT_EQ(FilesWithin(sales, {range})(SomeFile()), may_hold)
        << range.column << " " << range.min.value_or("-") << " " << range.max.value_or("-");
  }
  EXPECT_FALSE(FilesWithin(sales, {{"units", "1", "2"}, {"day", "2023-05-21", {}}})(SomeFile()));
}

TEST(FileFilterTest, WhatAFileDoesNotTellLeavesItIn) {
  TestTable table;
  Snapshot sales = TableOfSales(table);
  FileFilter many_units = FilesWithin(sales, {{"units", "13", {}}});
  for (const char* stats : {"", "{}", "no JSON", R"({"maxValues":{}})", R"({"maxValues":{"units":"12"}})",
                            R"({"maxValues":7})", R"({"minValues":{"units":1}})"}) {
    EXPECT_TRUE(many_units({.path = "f", .stats = stats})) << stats;
  }
  EXPECT_TRUE(FilesWithin(sales, {{"day", "2023-05-21", {}}})({.path = "f", .partition_values = {{"day", "x"}}}));
  EXPECT_FALSE(FilesWithin(sales, {{"day", {}, {}}})({.path = "f", .partition_values = {{"day", std::nullopt}}}));
}

TEST(FileFilterTest, ARangeOfNoColumnOrOfNoValueIsRefused) {
  TestTable table;
  Snapshot sales = TableOfSales(table);
  auto message_for = [&](const ColumnRange& range) {
    return ErrorOf(base::ErrorKind::kInput, [&] { FilesWithin(sales, {range}); });
  };
  EXPECT_EQ(message_for({"moon", "1", {}}), "table t has no column moon");
  EXPECT_EQ(message_for({"units", "1.5", {}}), "column units has no such value: \"1.5\"");
  EXPECT_EQ(message_for({"day", {}, "yesterday"}), "column day has no such value: \"yesterday\"");
  EXPECT_EQ(message_for({"price", "", {}}), "column price has no such value: \"\"");
}

}  // namespace
}  // namespace qlake::delta
