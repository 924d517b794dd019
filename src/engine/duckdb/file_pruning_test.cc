#include "engine/duckdb/file_pruning.h"

#include <fmt/format.h>

#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;
using Lines = std::vector<std::string>;

class FilePruningTest : public LakeTest {
 protected:
  // A table partitioned by day whose files are "a", "b", ... with these statistics.
  void Commit(const std::vector<std::pair<std::optional<std::string>, std::string>>& day_and_stats) {
    delta::Transaction transaction(*storage_, "t", std::nullopt);
    transaction.Stage(delta::Metadata{.schema_json = delta::ToSchemaJson(columns_), .partition_columns = {"day"}});
    char name = 'a';
    for (const auto& [day, stats] : day_and_stats) {
      delta::AddFile file{.path = std::string(1, name++), .partition_values = {{"day", day}}, .stats = stats};
      storage_->Write("t/" + file.path, "");
      transaction.Stage(std::move(file));
    }
    EXPECT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  }

  std::string FilesFor(const std::vector<ValueRange>& ranges) {
    std::string names;
    auto snapshot = delta::Snapshot::Load(*storage_, "t");
    for (const auto* file : FilesThatMayHold(*snapshot, columns_, ranges)) names += file->path;
    return names;
  }
  std::string FilesWhere(const std::string& condition) {
    auto parse =
        database_->Query(fmt::format("SELECT json_serialize_sql({})", QuoteLiteral("SELECT (" + condition + ")")));
    return FilesFor(RangesOf(*parse.rows.at(0).at(0)));
  }

  std::vector<base::Column> columns_ = {{.name = "id", .type = {Kind::kLong}},
                                        {.name = "name"},
                                        {.name = "price", .type = {Kind::kDecimal, 9, 2}},
                                        {.name = "day", .type = {Kind::kDate}}};
};

TEST_F(FilePruningTest, BoundsLeaveOutWhatTheyExcludeAndNothingElse) {
  Commit(
      {{"2023-05-20",
        R"({"numRecords":2,"minValues":{"id":-5,"name":"b"},"maxValues":{"id":9,"name":"d"},"nullCount":{"id":0,"name":1}})"},
       {"2023-05-21", R"({"numRecords":2,"minValues":{"id":10},"maxValues":{"id":20},"nullCount":{"id":0,"name":2}})"},
       {std::nullopt, ""},
       {"2023-05-22", "no JSON"}});
  EXPECT_EQ(FilesWhere("id = 9"), "acd");
  EXPECT_EQ(FilesWhere("id = 10"), "bcd");
  EXPECT_EQ(FilesWhere("id > 9"), "abcd") << "bounds belong to a range";
  EXPECT_EQ(FilesWhere("id < -6"), "cd");
  EXPECT_EQ(FilesWhere("id BETWEEN 21 AND 30"), "cd");
  EXPECT_EQ(FilesWhere("name = 'c'"), "acd") << "a file of NULLs holds no value";
  EXPECT_EQ(FilesWhere("name >= 'e'"), "cd");
  EXPECT_EQ(FilesWhere("name IS DISTINCT FROM 'c'"), "abcd");
  EXPECT_EQ(FilesWhere("name <> 'c'"), "abcd");
  EXPECT_EQ(FilesWhere("day = DATE '2023-05-21'"), "b");
  EXPECT_EQ(FilesWhere("day >= '2023-05-21' AND id < 100"), "bd");
  EXPECT_EQ(FilesFor({{.column = "day", .least = "2023-05-22", .greatest = "2023-05-23", .has_null = true}}), "cd");
}

TEST_F(FilePruningTest, WhatIsComparedInAnotherWayLeavesNoFileOut) {
  Commit(
      {{"2023-05-20",
        R"({"numRecords":1,"minValues":{"id":1,"name":"5","price":1.5},"maxValues":{"id":1,"name":"5","price":1.5},"nullCount":{"id":0,"name":0}})"}});
  for (const char* condition : {"name = 05", "name >= DATE '2020-1-1'", "id = 1 OR name = 'x'", "NOT id = 2", "2 = id",
                                "id + 0 = 2", "id = 2.5", "price = 7", "nobody = 7", "id IS NULL", "id IN (7, 8)"}) {
    EXPECT_EQ(FilesWhere(condition), "a") << condition;
  }
  EXPECT_EQ(RangesOf("not a parse").size(), 0U);
}

TEST_F(FilePruningTest, RecordsAreCountedByStatisticsThatTellThem) {
  EXPECT_EQ(RecordCountOf({.stats = R"({"numRecords":7})"}), 7);
  EXPECT_EQ(RecordCountOf({.stats = R"({"minValues":{}})"}), std::nullopt);
  EXPECT_EQ(RecordCountOf({}), std::nullopt);
}

}  // namespace
}  // namespace qlake::engine
