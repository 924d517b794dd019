// Ways to change a table beyond adding rows and removing keys: conditions, partitions, wider types, constraints, change
// data, and what a commit says of itself.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "engine/duckdb/table_view.h"
#include "engine/duckdb/table_writer.h"
#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;
using Lines = std::vector<std::string>;

class TableChangeTest : public LakeTest {
 protected:
  TableTarget Target(const std::string& select, std::vector<std::string> partition_columns = {}) {
    return {"warehouse/t", database_->Describe(select), std::move(partition_columns), "a table"};
  }

  std::set<std::string> LivePaths() {
    std::set<std::string> paths;
    auto snapshot = delta::Snapshot::Load(*storage_, "warehouse/t");
    for (const auto& [path, file] : snapshot->files()) paths.insert(path);
    return paths;
  }

  // Actions of one kind in a version's commit.
  std::vector<base::Json> Actions(delta::Version version, const std::string& kind) {
    std::vector<base::Json> actions;
    std::istringstream lines(storage_->Read(fmt::format("warehouse/t/_delta_log/{:020}.json", version)));
    for (std::string line; std::getline(lines, line);) {
      auto action = base::Json::parse(line);
      if (action.contains(kind)) actions.push_back(action[kind]);
    }
    return actions;
  }
  base::Json CommitInfo(delta::Version version) { return Actions(version, "commitInfo").at(0); }
  std::string Metric(delta::Version version, const char* name) {
    return CommitInfo(version)["operationMetrics"].value(name, "none");
  }

  // What the version's change files hold, as texts of the columns.
  Lines Changes(delta::Version version, const std::string& columns) {
    Lines urls;
    for (const auto& file : Actions(version, "cdc")) {
      EXPECT_FALSE(file["dataChange"]);
      urls.push_back(QuoteLiteral(storage_->Url("warehouse/t/" + file["path"].get<std::string>())));
    }
    if (urls.empty()) return {};
    return Rows(fmt::format("SELECT {} FROM read_parquet([{}], hive_partitioning = true) ORDER BY ALL", columns,
                            fmt::join(urls, ", ")));
  }

  // The same as Apply(), without a look at the table afterwards.
  ApplyReport ApplyUnseen(const TableTarget& target, const TableChange& change) {
    auto report = database_->Apply(target, Load(target), change, {}, base::SystemClock());
    EXPECT_TRUE(std::holds_alternative<delta::Committed>(report.outcome));
    return report;
  }

  // Makes the rows unreadable: a change that looks into these files fails.
  void Break(const std::set<std::string>& paths) {
    for (const auto& path : paths) storage_->Write("warehouse/t/" + path, "no Parquet");
  }

  // 30 rows of three days: id 0..29, units = id, day = id % 3.
  TableTarget FillDays() {
    std::string select =
        "SELECT CAST(i AS INTEGER) AS id, CAST(i AS INTEGER) AS units, 'n' || i AS name, "
        "DATE '2023-05-20' + CAST(i % 3 AS INTEGER) AS day FROM range(30) r(i)";
    auto target = Target(select, {"day"});
    Apply(target, {.insert_sql = select});
    return target;
  }

  TableTarget FillNumbers(const std::string& type = "INTEGER") {
    std::string select =
        fmt::format("SELECT CAST(i AS {}) AS id, CAST(i % 2 AS INTEGER) AS odd FROM range(4) r(i)", type);
    auto target = Target(select);
    Apply(target, {.insert_sql = select});
    return target;
  }
};

TEST_F(TableChangeTest, TwoUpsertsThatFoundNothingToReplaceAreAConflict) {
  auto target = FillNumbers();
  auto base = Load(target);
  TableChange upsert{.insert_sql = "SELECT CAST(9 AS INTEGER) AS id, CAST(1 AS INTEGER) AS odd",
                     .remove_sql = "SELECT CAST(9 AS INTEGER) AS id",
                     .key_columns = {"id"}};
  ApplyUnseen(target, upsert);
  auto report = database_->Apply(target, base, upsert, {}, base::SystemClock());
  EXPECT_TRUE(std::holds_alternative<delta::Conflict>(report.outcome)) << "key 9 would stand in the table twice";
}

TEST_F(TableChangeTest, AConditionOnPartitionsRemovesFilesWithoutReadingThem) {
  auto target = FillDays();
  Break(LivePaths());
  auto report = ApplyUnseen(target, {.remove_where = "day = DATE '2023-05-21' OR day > DATE '2030-01-01'"});
  EXPECT_EQ(report.rows_removed, 10);
  EXPECT_EQ(report.files_removed, 1);
  EXPECT_EQ(report.files_added, 0);
  EXPECT_EQ(LivePaths().size(), 2U);
  EXPECT_EQ(CommitInfo(1)["operation"], "DELETE");
  EXPECT_EQ(CommitInfo(1)["operationParameters"]["predicate"],
            R"(["day = DATE '2023-05-21' OR day > DATE '2030-01-01'"])");
  EXPECT_EQ(Metric(1, "numDeletedRows"), "10");
  EXPECT_EQ(Metric(1, "numRemovedFiles"), "1");
  // Nothing more to remove: no version.
  EXPECT_EQ(ApplyUnseen(target, {.remove_where = "day = DATE '2023-05-21'"}).files_removed, 0);
  EXPECT_EQ(Load(target)->version(), 1);
}

TEST_F(TableChangeTest, AConditionOnOtherColumnsRewritesTheFilesThatHoldItsRowsAndLooksIntoNoOther) {
  auto target = FillDays();
  auto before = LivePaths();
  std::set<std::string> others;
  for (const auto& path : before) {
    if (!path.starts_with("day=2023-05-20")) others.insert(path);
  }
  Break(others);
  auto report = Apply(target, {.remove_where = "day = DATE '2023-05-20' AND units > 20 AND name <> 'n27'"});
  EXPECT_EQ(report.rows_removed, 2);
  EXPECT_EQ(report.rows_copied, 8);
  EXPECT_EQ(report.files_removed, 1);
  EXPECT_EQ(report.files_added, 1);
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE day = DATE '2023-05-20' ORDER BY id"),
            (Lines{"0", "3", "6", "9", "12", "15", "18", "27"}));
  EXPECT_EQ(Metric(1, "numCopiedRows"), "8");
}

TEST_F(TableChangeTest, StatisticsTellWhichFilesHoldNoRowOfACondition) {
  auto target = Target("SELECT 1 AS id, 'x' AS name");
  for (int i = 0; i < 4; ++i) {
    Apply(target, {.insert_sql = fmt::format(
                       "SELECT CAST({0} + i AS INTEGER) AS id, 'n{0}' AS name FROM range(10) r(i)", i * 10)});
  }
  auto snapshot = Load(target);
  std::set<std::string> others;
  for (const auto& [path, file] : snapshot->files()) {
    bool is_third = file.stats.find("\"id\":20") != std::string::npos;
    if (!is_third) others.insert(path);
  }
  ASSERT_EQ(others.size(), 3U);
  Break(others);
  EXPECT_EQ(ApplyUnseen(target, {.remove_where = "id BETWEEN 20 AND 24"}).rows_removed, 5);
  EXPECT_EQ(ApplyUnseen(target, {.remove_where = "name = 'n20' AND id = 29"}).rows_removed, 1);
  // Keys, too.
  auto report = ApplyUnseen(target, {.insert_sql = "SELECT 26 AS id, 'new' AS name",
                                     .remove_sql = "SELECT 26::BIGINT AS id UNION SELECT 28",
                                     .key_columns = {"id"}});
  EXPECT_EQ(report.rows_removed, 2);
  EXPECT_EQ(report.rows_copied, 2);
  EXPECT_EQ(CommitInfo(6)["operation"], "MERGE");
  EXPECT_EQ(Metric(6, "numTargetRowsDeleted"), "2");
  EXPECT_EQ(Metric(6, "numTargetRowsInserted"), "1");
  EXPECT_EQ(Metric(6, "numOutputRows"), "3");
}

TEST_F(TableChangeTest, AConditionThatIsNullRemovesNothing) {
  std::string select = "SELECT * FROM (VALUES (1, 5), (2, NULL), (3, 7)) v(id, x)";
  auto target = Target(select);
  Apply(target, {.insert_sql = select});
  Apply(target, {.remove_where = "x > 6"});
  EXPECT_EQ(Rows("SELECT id FROM t.t ORDER BY id"), (Lines{"1", "2"}));
  ExpectError(base::ErrorKind::kInput, "neither true nor false", [&] { Apply(target, {.remove_where = "x + 1"}); });
  ExpectError(base::ErrorKind::kInput, "y", [&] { Apply(target, {.remove_where = "y = 1"}); });
}

TEST_F(TableChangeTest, RowsThatReplaceThoseOfAConditionMustMeetIt) {
  auto target = FillDays();
  TableChange change{.insert_sql = "SELECT 100 AS id, 1 AS units, 'new' AS name, DATE '2023-05-21' AS day",
                     .remove_where = "day = DATE '2023-05-21'",
                     .insert_matches_where = true};
  auto report = Apply(target, change);
  EXPECT_EQ(report.rows_removed, 10);
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE day = DATE '2023-05-21'"), Lines{"100"});
  EXPECT_EQ(CommitInfo(1)["operation"], "WRITE");
  EXPECT_EQ(CommitInfo(1)["operationParameters"]["mode"], "Overwrite");
  EXPECT_EQ(CommitInfo(1)["operationParameters"]["predicate"], "day = DATE '2023-05-21'");
  change.insert_sql += " UNION ALL SELECT 101, 1, 'stray', DATE '2023-05-22'";
  ExpectError(base::ErrorKind::kInput, "a row breaks the condition that it is to replace by (day = DATE '2023-05-21')",
              [&] { Apply(target, change); });
  EXPECT_EQ(Load(target)->version(), 1);
}

TEST_F(TableChangeTest, ReplacedPartitionsAreThoseThatRowsComeFor) {
  auto target = FillDays();
  auto before = LivePaths();
  auto report =
      Apply(target, {.insert_sql = "SELECT 1 AS id, 1 AS units, 'a' AS name, DATE '2023-05-22' AS day UNION ALL "
                                   "SELECT 2, 2, 'b', NULL",
                     .replace_partitions = true});
  EXPECT_EQ(report.rows_removed, 10);
  EXPECT_EQ(report.rows_inserted, 2);
  EXPECT_EQ(Rows("SELECT day, count(*) FROM t.t GROUP BY day ORDER BY day NULLS LAST"),
            (Lines{"2023-05-20|10", "2023-05-21|10", "2023-05-22|1", "NULL|1"}));
  EXPECT_EQ(CommitInfo(1)["operationParameters"]["partitionOverwriteMode"], "dynamic");
}

TEST_F(TableChangeTest, AnAppendOnlyTableTakesRowsAndGivesNone) {
  auto target = FillNumbers();
  target.settings = TableSettings{.properties = {{"delta.appendOnly", "true"}}};
  Apply(target, {.insert_sql = "SELECT 9 AS id, 1 AS odd"});
  for (const TableChange& change :
       {TableChange{.remove_where = "id = 1"}, TableChange{.insert_sql = "SELECT 1 AS id, 1 AS odd", .replace = true},
        TableChange{.remove_sql = "SELECT 1 AS id", .key_columns = {"id"}}}) {
    ExpectError(base::ErrorKind::kInput, "append-only", [&] { Apply(target, change); });
  }
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.t"), 5);
}

TEST_F(TableChangeTest, AWiderTypeIsWrittenIntoEveryFileInTheSameVersion) {
  std::string select =
      "SELECT CAST(i AS INTEGER) AS id, CAST(i / 4 AS DECIMAL(6,2)) AS price, CAST(i % 2 AS INTEGER) AS p "
      "FROM range(8) r(i)";
  Apply(Target(select, {"p"}), {.insert_sql = select});
  auto before = Rows("SELECT id, price, p FROM t.t ORDER BY id");
  auto old_paths = LivePaths();
  std::string wider = "SELECT 10000000000 AS id, 123456789.1234::DECIMAL(18,4) AS price, 5000000000 AS p";
  auto target = Target(wider, {"p"});
  auto report = Apply(target, {.insert_sql = wider});
  EXPECT_EQ(report.rows_inserted, 1);
  EXPECT_EQ(report.rows_removed, 0);
  EXPECT_EQ(report.rows_copied, 8);
  EXPECT_EQ(Rows("SELECT id, price, p FROM t.t WHERE id > 100"), Lines{"10000000000|123456789.1234|5000000000"});
  EXPECT_EQ(Rows("SELECT id, CAST(price AS DECIMAL(6,2)), p FROM t.t WHERE id < 100 ORDER BY id"), before);
  for (const auto& path : LivePaths()) EXPECT_FALSE(old_paths.contains(path));
  // No file holds the old type, and none of the old rows counts as changed.
  for (const auto& add : Actions(1, "add")) {
    std::string url = QuoteLiteral(storage_->Url("warehouse/t/" + add["path"].get<std::string>()));
    EXPECT_EQ(
        Rows("SELECT typeof(id) || typeof(price) FROM read_parquet(" + url + ", hive_partitioning = false) LIMIT 1"),
        Lines{"BIGINTDECIMAL(18,4)"});
    EXPECT_EQ(add["dataChange"], add["path"].get<std::string>().starts_with("p=5000000000"));
  }
  for (const auto& remove : Actions(1, "remove")) EXPECT_FALSE(remove["dataChange"]);
  // Version 0 is as it was.
  database_->DefineTable("t.old", *delta::Snapshot::Load(*storage_, "warehouse/t", 0));
  EXPECT_EQ(Rows("SELECT * FROM t.old ORDER BY id"), before);
  ExpectError(base::ErrorKind::kInput, "it cannot be narrowed to INTEGER",
              [&] { Apply(Target(select, {"p"}), {.insert_sql = select}); });
}

TEST_F(TableChangeTest, WideningAndRemovingInOneVersionLeavesEachRowOnce) {
  auto target = FillNumbers();
  Apply(target, {.insert_sql = "SELECT 50 AS id, 0 AS odd"});
  auto wider = Target("SELECT 1::BIGINT AS id, 0 AS odd");
  auto report = Apply(wider, {.insert_sql = "SELECT 2::BIGINT AS id, 7 AS odd",
                              .remove_sql = "SELECT * FROM (VALUES (2), (5000000000)) v(id)",
                              .key_columns = {"id"}});
  EXPECT_EQ(report.rows_removed, 1);
  EXPECT_EQ(Rows("SELECT id, odd FROM t.t ORDER BY id"), (Lines{"0|0", "1|1", "2|7", "3|1", "50|0"}));
  // A partition's value alone becomes wider without its files being written anew.
  std::string select = "SELECT 1 AS id, 2 AS p";
  TableTarget parted{"warehouse/p", database_->Describe(select), {"p"}, ""};
  database_->Apply(parted, std::nullopt, {.insert_sql = select}, {}, base::SystemClock());
  parted.columns = database_->Describe("SELECT 1 AS id, 2::BIGINT AS p");
  EXPECT_EQ(Apply(parted, {}).files_added, 0);
  EXPECT_EQ(Rows("SELECT id, p, typeof(p) FROM t.t"), Lines{"1|2|BIGINT"});
}

TEST_F(TableChangeTest, TypesOfAnotherWriterThatOursHoldAreWidenedToThem) {
  storage_->Write("warehouse/t/part-0.parquet", "");
  std::string path = root_ + "/warehouse/t/part-0.parquet";
  database_->Run(fmt::format("COPY (SELECT 7::SMALLINT AS s, 0.1::FLOAT AS f, 'x' AS name) TO {} (FORMAT parquet)",
                             QuoteLiteral(path)));
  delta::Transaction transaction(*storage_, "warehouse/t", std::nullopt);
  transaction.Stage(delta::Metadata{
      .schema_json = R"({"type":"struct","fields":[{"name":"s","type":"short","nullable":true,"metadata":{}},)"
                     R"({"name":"f","type":"float","nullable":true,"metadata":{}},)"
                     R"({"name":"name","type":"string","nullable":true,"metadata":{}}]})"});
  transaction.Stage(
      delta::AddFile{.path = "part-0.parquet", .size_bytes = static_cast<int64_t>(std::filesystem::file_size(path))});
  ASSERT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  auto keeping = Target("SELECT 'x' AS name");
  ExpectError(base::ErrorKind::kInput, "\"s\" has a type that is not supported", [&] { Apply(keeping, {}); });
  Apply(Target("SELECT 1 AS s, 0.5::DOUBLE AS f, 'x' AS name"),
        {.insert_sql = "SELECT 100000 AS s, 0.5::DOUBLE AS f, 'y' AS name"});
  EXPECT_EQ(Rows("SELECT s, CAST(f AS FLOAT), name, typeof(f) FROM t.t ORDER BY s"),
            (Lines{"7|0.1|x|DOUBLE", "100000|0.5|y|DOUBLE"}));
  EXPECT_EQ(Actions(1, "remove").size(), 1U);
}

TEST_F(TableChangeTest, ARowThatBreaksACheckIsShownWithPersonalValuesMasked) {
  auto target = Target("SELECT 1 AS units, 'x' AS name, 'x' AS email");
  target.columns[2].personal = true;
  target.settings = TableSettings{.checks = {{"units_positive", "units > 0"}, {"named", "`name` IS NOT NULL"}}};
  Apply(target, {.insert_sql = "SELECT 1 AS units, 'a' AS name, 'secret@x.org' AS email"});
  EXPECT_EQ(Load(target)->protocol().min_writer_version, 3);
  EXPECT_EQ(Load(target)->protocol().min_reader_version, 1);
  for (bool clustered : {false, true}) {
    ExpectError(base::ErrorKind::kInput,
                "table warehouse/t: a row breaks the constraint \"units_positive\" (units > 0): units = -5, name = b, "
                "email = ***; nothing was written",
                [&] {
                  Apply(target, {.insert_sql = "SELECT * FROM (VALUES (2, 'a', 'a@x.org'), (-5, 'b', 'secret@x.org')) "
                                               "v(units, name, email)",
                                 .clustered = clustered});
                });
  }
  ExpectError(base::ErrorKind::kInput, "\"named\"",
              [&] { Apply(target, {.insert_sql = "SELECT 2 AS units, NULL AS name, NULL AS email"}); });
  ExpectError(base::ErrorKind::kInput, "units = NULL",
              [&] { Apply(target, {.insert_sql = "SELECT NULL AS units, 'x' AS name, NULL AS email"}); });
  EXPECT_EQ(Load(target)->version(), 0);
  // Found out before a file is written, too.
  ExpectError(base::ErrorKind::kInput, "\"named\"", [&] {
    database_->CheckChange(target, Load(target), {.insert_sql = "SELECT 2 AS units, NULL AS name, NULL AS email"},
                           base::SystemClock());
  });
}

TEST_F(TableChangeTest, ANewCheckIsHeldAgainstTheRowsThatStay) {
  auto target = FillNumbers();
  target.settings = TableSettings{.checks = {{"small", "id < 3"}}};
  ExpectError(base::ErrorKind::kInput, "the constraint \"small\" (id < 3), which is new to the table: id = 3, odd = 1",
              [&] { Apply(target, {}); });
  ExpectError(base::ErrorKind::kInput, "new to the table",
              [&] { database_->CheckChange(target, Load(target), {}, base::SystemClock()); });
  ExpectError(base::ErrorKind::kInput, "new to the table", [&] {
    Apply(target, {.remove_sql = "SELECT * FROM (VALUES (2), (5000000000)) v(id)", .key_columns = {"id"}});
  });
  EXPECT_EQ(Load(target)->version(), 0);
  Apply(target, {.remove_sql = "SELECT 3 AS id", .key_columns = {"id"}});
  EXPECT_EQ(Load(target)->metadata().configuration.at("delta.constraints.small"), "id < 3");
  EXPECT_EQ(CommitInfo(1)["operation"], "DELETE");
}

TEST_F(TableChangeTest, WhatATargetNoLongerAsksForGoesAndWhatOthersSetStays) {
  auto target = FillNumbers();
  auto set_by_another = Load(target)->metadata();
  set_by_another.configuration["delta.constraints.other"] = "odd < 2";
  set_by_another.configuration["custom"] = "x";
  delta::Transaction transaction(*storage_, target.path, Load(target));
  transaction.Stage(set_by_another);
  ASSERT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  target.settings = TableSettings{.checks = {{"small", "id < 100"}}, .properties = {{"delta.checkpointInterval", "5"}}};
  Apply(target, {});
  auto configuration = Load(target)->metadata().configuration;
  EXPECT_EQ(configuration.at("delta.checkpointInterval"), "5");
  EXPECT_EQ(configuration.size(), 5U) << "with qlake.properties, which names ours";
  EXPECT_EQ(CommitInfo(2)["operation"], "SET TBLPROPERTIES");
  Apply(target, {});
  EXPECT_EQ(Load(target)->version(), 2) << "nothing is new";
  target.settings.reset();
  Apply(target, {.insert_sql = "SELECT 5 AS id, 1 AS odd"});
  EXPECT_EQ(Load(target)->metadata().configuration.size(), 5U);
  ExpectError(base::ErrorKind::kInput, "\"small\"",
              [&] { Apply(target, {.insert_sql = "SELECT 500 AS id, 1 AS odd"}); });
  target.settings = TableSettings{};
  Apply(target, {.insert_sql = "SELECT 500 AS id, 1 AS odd"});
  EXPECT_EQ(Load(target)->metadata().configuration,
            (std::map<std::string, std::string>{{"custom", "x"}, {"delta.constraints.other", "odd < 2"}}));
  ExpectError(base::ErrorKind::kInput, "\"other\"", [&] { Apply(target, {.insert_sql = "SELECT 6 AS id, 2 AS odd"}); });
}

TEST_F(TableChangeTest, AConstraintThatEnginesReadDifferentlyIsRefused) {
  auto message_for = [&](const std::string& condition) -> std::string {
    auto target = Target("SELECT 1 AS id, 'x' AS name, 1.5 AS price, DATE '2023-05-20' AS day");
    target.settings = TableSettings{.checks = {{"c", condition}}};
    try {
      database_->CheckChange(target, std::nullopt, {}, base::SystemClock());
    } catch (const base::Error& error) {
      return error.kind() == base::ErrorKind::kInput ? error.message() : "an error of another kind";
    }
    return "no error";
  };
  for (const char* condition :
       {"id > 0 AND NOT name IN ('a', 'b')", "length(trim(name)) BETWEEN 1 AND 5", "`day` >= DATE '2020-01-01'",
        "name LIKE 'x%' OR name IS NULL", "CASE WHEN id % 2 = 0 THEN price * 2 > 1 ELSE true END",
        "coalesce(id, 0) <> -1", "(id > 1) OR (id < 0)", "ID = 1"}) {
    EXPECT_EQ(message_for(condition), "no error") << condition;
  }
  for (const auto& [condition, part] : std::vector<std::pair<std::string, std::string>>{
           {"name = \"x\"", "double quotes"},
           {"name = 'it''s'", "engines read differently"},
           {"name = 'a\\b'", "engines read differently"},
           {"id / 2 > 1", "/ does not mean the same"},
           {"regexp_matches(name, 'x')", "regexp_matches does not mean the same"},
           {"(SELECT count(*) FROM read_csv('/etc/passwd')) > 0", "SUBQUERY"},
           {"id > 0) OR (true", "closes a bracket"},
           {"id > 0; SELECT 1", "no single condition"},
           {"id > 0 -- x", "no single condition"},
           {"CAST(name AS INTEGER) > 0", "a CAST of values"},
           {"nobody > 0", "the table has no column nobody"},
           {"id + 1", "neither true nor false"},
           {"id >", "syntax error"},
           {"max(id) > 0", "max does not mean the same"},
           {"getenv('HOME') = 'x'", "getenv does not mean the same"},
           {"name > 5", "Cannot compare"}}) {
    std::string message = message_for(condition);
    EXPECT_NE(message.find(part), std::string::npos) << condition << ": " << message;
  }
}

TEST_F(TableChangeTest, ColumnsThatMayNotBeNullAndInvariantsAreKept) {
  auto target = FillNumbers();
  auto metadata = Load(target)->metadata();
  metadata.schema_json =
      R"({"type":"struct","fields":[{"name":"id","type":"integer","nullable":false,"metadata":{}},{"name":"odd","type":"integer",)"
      R"("nullable":true,"metadata":{"delta.invariants":"{\"expression\":{\"expression\":\"odd < 2\"}}"}}]})";
  delta::Transaction transaction(*storage_, target.path, Load(target));
  transaction.Stage(metadata);
  ASSERT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  Apply(target, {.insert_sql = "SELECT 9 AS id, 1 AS odd"});
  ExpectError(base::ErrorKind::kInput, "id is not nullable",
              [&] { Apply(target, {.insert_sql = "SELECT NULL AS id, 1 AS odd"}); });
  ExpectError(base::ErrorKind::kInput, "invariant of odd",
              [&] { Apply(target, {.insert_sql = "SELECT 1 AS id, 2 AS odd"}); });
}

TEST_F(TableChangeTest, ChangeDataTellsWhatWasUpdatedDeletedAndInserted) {
  auto target = FillDays();
  target.settings = TableSettings{.properties = {{"delta.enableChangeDataFeed", "true"}}};
  Apply(target, {.insert_sql = "SELECT 100 AS id, 1 AS units, 'new' AS name, DATE '2023-05-20' AS day"});
  EXPECT_EQ(Load(target)->protocol().min_writer_version, 4);
  EXPECT_TRUE(Actions(1, "cdc").empty()) << "inserts tell themselves";
  auto report = Apply(target, {.insert_sql = "SELECT * FROM (VALUES (3, 33, 'n3', DATE '2023-05-20'), "
                                             "(200, 2, 'new', DATE '2023-05-22')) v(id, units, name, day)",
                               .remove_sql = "SELECT * FROM (VALUES (3), (4), (77)) v(id)",
                               .key_columns = {"id"}});
  EXPECT_EQ(report.change_files_added, 3);
  EXPECT_EQ(Metric(2, "numTargetChangeFilesAdded"), "3");
  EXPECT_EQ(Changes(2, "_change_type, id, units, name, day"),
            (Lines{"delete|4|4|n4|2023-05-21", "insert|200|2|new|2023-05-22", "update_postimage|3|33|n3|2023-05-20",
                   "update_preimage|3|3|n3|2023-05-20"}));
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.t"), 31);
  Apply(target, {.remove_where = "units > 25 AND id < 100"});
  EXPECT_EQ(Changes(3, "_change_type, id"), (Lines{"delete|3", "delete|26", "delete|27", "delete|28", "delete|29"}));
  // Whole files that go tell it themselves.
  Apply(target, {.remove_where = "day = DATE '2023-05-21'"});
  EXPECT_TRUE(Actions(4, "cdc").empty());
  EXPECT_FALSE(Actions(4, "remove").empty());
  for (const auto& file : Actions(2, "cdc")) {
    EXPECT_TRUE(file["path"].get<std::string>().starts_with("_change_data/day=2023-05-2")) << file;
    EXPECT_TRUE(file["partitionValues"].contains("day"));
  }
}

TEST_F(TableChangeTest, ChangeDataOfKeysThatAreNullAndOfColumnsThatAreNewIsWhole) {
  std::string select = "SELECT * FROM (VALUES (1, 'a'), (NULL, 'b'), (3, 'c')) v(id, name)";
  auto target = Target(select);
  target.settings =
      TableSettings{.checks = {{"named", "name IS NOT NULL"}}, .properties = {{"delta.enableChangeDataFeed", "true"}}};
  Apply(target, {.insert_sql = select});
  target.columns = database_->Describe("SELECT 1::BIGINT AS id, 'x' AS name, 1 AS units");
  Apply(target, {.insert_sql = "SELECT NULL::BIGINT AS id, 'B' AS name, 5 AS units",
                 .remove_sql = "SELECT NULL::INTEGER AS id",
                 .key_columns = {"id"}});
  EXPECT_EQ(Changes(1, "_change_type, id, typeof(id), name, units"),
            (Lines{"update_postimage|NULL|BIGINT|B|5", "update_preimage|NULL|BIGINT|b|NULL"}));
  EXPECT_EQ(Rows("SELECT id, name, units FROM t.t ORDER BY name"), (Lines{"NULL|B|5", "1|a|NULL", "3|c|NULL"}));
  ExpectError(base::ErrorKind::kInput, "\"named\"", [&] {
    Apply(target, {.insert_sql = "SELECT 1::BIGINT AS id, NULL AS name, 5 AS units",
                   .remove_sql = "SELECT 1::BIGINT AS id",
                   .key_columns = {"id"}});
  });
}

TEST_F(TableChangeTest, ATableWithAColumnOfChangeDataCannotKeepIt) {
  auto target = Target("SELECT 1 AS id, 'x' AS _change_type");
  target.settings = TableSettings{.properties = {{"delta.enableChangeDataFeed", "true"}}};
  ExpectError(base::ErrorKind::kInput, "_change_type", [&] { Apply(target, {}); });
}

TEST_F(TableChangeTest, StatisticsKeepToTheColumnsThatTheTableNames) {
  std::string columns;
  for (int i = 0; i < 40; ++i) columns += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", i, i);
  auto stats = [&](const std::map<std::string, std::string>& properties) {
    TableTarget target{fmt::format("warehouse/s{}", properties.empty() ? "" : properties.begin()->second),
                       database_->Describe("SELECT " + columns),
                       {},
                       ""};
    target.settings = TableSettings{.properties = properties};
    database_->Apply(target, std::nullopt, {.insert_sql = "SELECT " + columns}, {}, base::SystemClock());
    return base::Json::parse(Load(target)->files().begin()->second.stats);
  };
  EXPECT_EQ(stats({})["minValues"].size(), 32U);
  EXPECT_EQ(stats({{"delta.dataSkippingNumIndexedCols", "2"}})["nullCount"].size(), 2U);
  EXPECT_EQ(stats({{"delta.dataSkippingNumIndexedCols", "-1"}})["maxValues"].size(), 40U);
  EXPECT_EQ(stats({{"delta.dataSkippingStatsColumns", "c39,c1"}})["minValues"], (base::Json{{"c1", 1}, {"c39", 39}}));
}

TEST_F(TableChangeTest, AColumnThatBecomesPersonalLosesItsStatisticsAndIsNotTold) {
  std::string select = "SELECT 'ann@x.org' AS email, 1 AS id";
  auto target = Target(select);
  Apply(target, {.insert_sql = select});
  ASSERT_NE(Load(target)->files().begin()->second.stats.find("ann@x.org"), std::string::npos);
  target.columns[0].personal = true;
  Apply(target, {.insert_sql = "SELECT 'bob@x.org' AS email, 2 AS id"});
  auto snapshot = Load(target);
  for (const auto& [path, file] : snapshot->files()) EXPECT_EQ(file.stats.find("x.org"), std::string::npos);
  EXPECT_EQ(Rows("SELECT email FROM t.t ORDER BY id"), (Lines{"ann@x.org", "bob@x.org"}));
  Apply(target, {.remove_where = "email = 'ann@x.org'"});
  EXPECT_EQ(storage_->Read("warehouse/t/_delta_log/00000000000000000002.json").find("ann@x"), std::string::npos);
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.t"), 1);
}

TEST_F(TableChangeTest, TheOperationIsNamedAsDeltaLakeDoes) {
  auto target = Target("SELECT 1 AS id");
  Apply(target, {});
  Apply(target, {.insert_sql = "SELECT 1 AS id"});
  Apply(target, {.insert_sql = "SELECT 2 AS id", .replace = true}, {.commit = {.run_id = "run-7"}});
  Apply(target, {.insert_sql = "SELECT 3 AS id"},
        {.commit = {.operation = "STREAMING UPDATE", .operation_parameters = {{"epochId", "4"}}}});
  target.columns = database_->Describe("SELECT 1 AS id, 2 AS more");
  Apply(target, {});
  Lines operations;
  for (delta::Version version = 0; version <= 4; ++version) operations.push_back(CommitInfo(version)["operation"]);
  EXPECT_EQ(operations, (Lines{"CREATE TABLE", "WRITE", "WRITE", "STREAMING UPDATE", "ADD COLUMNS"}));
  EXPECT_EQ(CommitInfo(1)["operationParameters"], (base::Json{{"partitionBy", "[]"}, {"mode", "Append"}}));
  EXPECT_EQ(CommitInfo(2)["operationParameters"]["mode"], "Overwrite");
  EXPECT_EQ(CommitInfo(2)["qlakeRunId"], "run-7");
  EXPECT_EQ(Metric(2, "numRemovedFiles"), "1");
  EXPECT_EQ(Metric(2, "numOutputRows"), "1");
  EXPECT_EQ(Metric(2, "numFiles"), "1");
  EXPECT_EQ(CommitInfo(3)["operationParameters"]["epochId"], "4");
}

}  // namespace
}  // namespace qlake::engine
