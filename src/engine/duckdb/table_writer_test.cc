#include "engine/duckdb/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/json.h"
#include "engine/duckdb/partition_path.h"
#include "engine/duckdb/staged_rows.h"
#include "engine/duckdb/table_view.h"
#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

class TableWriterTest : public LakeTest {
 protected:
  TableTarget Target(const std::string& select, std::vector<std::string> partition_columns = {}) {
    return {"warehouse/t", database_->Describe(select), std::move(partition_columns), "a table"};
  }
  std::vector<std::string> LivePaths(const TableTarget& target) {
    std::vector<std::string> paths;
    auto snapshot = Load(target);
    for (const auto& [path, file] : snapshot->files()) paths.push_back(path);
    return paths;
  }
};

TEST_F(TableWriterTest, EveryTypeComesBackAsItWas) {
  database_->Run(R"(CREATE TABLE rows AS SELECT * FROM (VALUES
      (true, 1::INTEGER, -5::BIGINT, 0.25::DOUBLE, 1.5::DECIMAL(4,2), -1.05::DECIMAL(9,2), 99.1234::DECIMAL(18,4),
       -12345678901234567890.123::DECIMAL(38,3), 'Köln', '\x00\xFF'::BLOB, DATE '1969-12-31',
       TIMESTAMPTZ '2023-05-20 14:03:07.000001+00'),
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (false, -1, 5, -0.0, 0, 0, 0, 0, '', ''::BLOB, DATE '9999-12-31', TIMESTAMPTZ '1900-01-01 00:00:00+00'))
      v(b, i, l, d, d4, d9, d18, d38, s, x, day, ts))");
  auto target = Target("FROM rows");
  auto report = Apply(target, {.insert_sql = "SELECT * FROM rows"});
  EXPECT_EQ(report.rows_inserted, 3);
  EXPECT_EQ(report.files_added, 1);
  EXPECT_GT(report.bytes_written, 0U);
  EXPECT_EQ(Rows("SELECT * FROM t.t"), Rows("SELECT * FROM rows"));
  EXPECT_EQ(database_->Describe("FROM t.t"), target.columns);
}

TEST_F(TableWriterTest, OtherTypesAreCastAndColumnsGoByName) {
  TableTarget target{"warehouse/t", {{"a", {Kind::kLong}, false, ""}, {"b", {Kind::kTimestamp}, false, ""}}, {}, ""};
  Apply(target, {.insert_sql = "SELECT TIMESTAMP '2023-05-20 01:00:00' AS b, 7::TINYINT AS a"});
  EXPECT_EQ(Rows("FROM t.t"), std::vector<std::string>{"7|2023-05-20T01:00:00.000000Z"});
  ExpectError(base::ErrorKind::kInput, "a column that it does not have: c",
              [&] { Apply(target, {.insert_sql = "SELECT 1 AS a, now() AS b, 2 AS c"}); });
}

TEST_F(TableWriterTest, ATablePartitionedByDateIsReadBackAndPrunedByDate) {
  std::string select = "SELECT i AS id, DATE '2023-05-20' + CAST(i % 3 AS INTEGER) AS day FROM range(3000) r(i)";
  auto target = Target(select, {"day"});
  auto report = Apply(target, {.insert_sql = select});
  EXPECT_EQ(report.files_added, 3);
  EXPECT_TRUE(LivePaths(target)[0].starts_with("day=2023-05-20/part-"));
  EXPECT_TRUE(LivePaths(target)[0].ends_with(".zstd.parquet"));
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), Rows(select + " ORDER BY id"));
  // A file that is pruned by its folder is not opened: so the others may be broken.
  auto paths = LivePaths(target);
  for (size_t i = 1; i < paths.size(); ++i) storage_->Write("warehouse/t/" + paths[i], "no Parquet");
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.t WHERE day = DATE '2023-05-20'"), 1000);
  EXPECT_EQ(
      database_->QueryInteger("SELECT count(*) FROM t.t WHERE day < DATE '2023-05-21' AND day >= DATE '2023-05-01'"),
      1000);
  EXPECT_THROW(database_->QueryInteger("SELECT count(*) FROM t.t"), base::Error);
}

TEST_F(TableWriterTest, PartitionValuesOfTwoColumnsSurviveNullAndSpecialCharacters) {
  database_->Run(R"(CREATE TABLE rows AS SELECT * FROM (VALUES
      (1, 'a/b=c%20d', DATE '2023-05-20'), (2, NULL, NULL), (3, 'null', DATE '2023-05-20'), (4, 'New York', NULL),
      (5, '*[?]', DATE '2023-05-21'), (6, 'Köln', DATE '2023-05-21'), (7, '__', NULL), (8, 'a"b''c', NULL),
      (9, ' x ', NULL), (10, '+', NULL)) v(id, city, day))");
  auto target = Target("FROM rows", {"city", "day"});
  auto report = Apply(target, {.insert_sql = "FROM rows"});
  EXPECT_EQ(report.files_added, 10);
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), Rows("SELECT * FROM rows ORDER BY id"));
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE city = 'a/b=c%20d'"), std::vector<std::string>{"1"});
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE city IS NULL"), std::vector<std::string>{"2"});
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE city = 'null' AND day = DATE '2023-05-20'"), std::vector<std::string>{"3"});
  auto paths = LivePaths(target);
  EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                          [](const auto& path) { return path.starts_with("city=a%2Fb%3Dc%2520d/day=2023-05-20/"); }),
            1);
  EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                          [](const auto& path) {
                            return path.starts_with("city=__HIVE_DEFAULT_PARTITION__/day=__HIVE_DEFAULT_PARTITION__/");
                          }),
            1);
}

TEST_F(TableWriterTest, AnEmptyTextAsPartitionIsNullAsTheProtocolSays) {
  std::string select = "SELECT * FROM (VALUES (1, ''), (2, NULL)) v(id, city)";
  Apply(Target(select, {"city"}), {.insert_sql = select});
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), (std::vector<std::string>{"1|NULL", "2|NULL"}));
}

TEST_F(TableWriterTest, IntegersAndBooleansPartitionToo) {
  std::string select =
      "SELECT i AS id, i % 2 = 0 AS even, CAST(-i AS INTEGER) AS n, i * 10000000000 AS l FROM range(4) r(i)";
  Apply(Target(select, {"even", "n", "l"}), {.insert_sql = select});
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), Rows(select + " ORDER BY id"));
  ExpectError(base::ErrorKind::kInput, "cannot be partitioned by d, whose type is DOUBLE", [&] {
    Apply({"warehouse/u", {{"d", {Kind::kDouble}, false, ""}}, {"d"}, ""}, {.insert_sql = "SELECT 1.5::DOUBLE AS d"});
  });
}

TEST_F(TableWriterTest, RemovedAndInsertedRowsChangeInOneCommit) {
  std::string select = "SELECT i AS id, 'v1' AS v, CAST(i % 4 AS INTEGER) AS p FROM range(100) r(i)";
  auto target = Target(select, {"p"});
  Apply(target, {.insert_sql = select});
  auto before = LivePaths(target);
  auto report = Apply(target, {.insert_sql = "SELECT 4::BIGINT AS id, 'v2' AS v, 0 AS p",
                               .remove_sql = "SELECT * FROM (VALUES (4), (8), (1), (1000)) v(id)",
                               .key_columns = {"id"}});
  EXPECT_EQ(report.rows_removed, 3);
  EXPECT_EQ(report.rows_inserted, 1);
  EXPECT_EQ(report.files_removed, 2);
  EXPECT_EQ(report.files_added, 2);
  EXPECT_EQ(std::get<delta::Committed>(report.outcome).version, 1);
  EXPECT_EQ(Rows("SELECT count(*), count(*) FILTER (WHERE v = 'v1'), sum(id) FROM t.t"),
            std::vector<std::string>{"98|97|4941"});
  auto after = LivePaths(target);
  EXPECT_EQ(std::count_if(before.begin(), before.end(),
                          [&](const auto& path) { return std::find(after.begin(), after.end(), path) != after.end(); }),
            2);
}

TEST_F(TableWriterTest, KeysOfSeveralColumnsAndOfNullAreRemoved) {
  std::string select = "SELECT * FROM (VALUES (1, 'a'), (1, NULL), (2, 'a'), (2, NULL)) v(x, y)";
  auto target = Target(select);
  Apply(target, {.insert_sql = select});
  auto report = Apply(target, {.remove_sql = "SELECT 1 AS x, NULL::VARCHAR AS y", .key_columns = {"x", "y"}});
  EXPECT_EQ(report.rows_removed, 1);
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY ALL"), (std::vector<std::string>{"1|a", "2|NULL", "2|a"}));
}

TEST_F(TableWriterTest, RemovingEveryRowOfAFileLeavesNoFileAndRemovingNoneTouchesNone) {
  std::string select = "SELECT i AS id FROM range(3) r(i)";
  auto target = Target(select);
  Apply(target, {.insert_sql = select});
  auto none = Apply(target, {.remove_sql = "SELECT 77::BIGINT AS id", .key_columns = {"id"}});
  EXPECT_EQ(none.files_removed + none.files_added, 0);
  Apply(target, {.remove_sql = select, .key_columns = {"id"}});
  EXPECT_TRUE(Load(target)->files().empty());
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.t"), 0);
}

TEST_F(TableWriterTest, ReplaceTakesAllPresentRows) {
  std::string select = "SELECT i AS id FROM range(5) r(i)";
  auto target = Target(select);
  Apply(target, {.insert_sql = select});
  // The new rows may be computed from the present ones.
  auto report =
      Apply(target, {.insert_sql = "SELECT id * 10 AS id FROM t.t WHERE id > 2 ORDER BY id DESC", .replace = true});
  EXPECT_EQ(report.rows_removed, 5);
  EXPECT_EQ(report.rows_inserted, 2);
  EXPECT_EQ(Rows("FROM t.t"), (std::vector<std::string>{"40", "30"}));
}

TEST_F(TableWriterTest, FoldedFilesGoWithTheRowsThatStandForThem) {
  auto target = Target("SELECT 1 AS id");
  for (const char* id : {"1", "2", "3"})
    Apply(target, {.insert_sql = std::string("SELECT 1 AS id FROM range(") + id + ")"});
  auto before = Load(target);
  std::vector<std::string> smallest_two;
  for (const auto& [path, file] : before->files()) {
    if (file.stats.text().find("\"numRecords\":3") == std::string::npos) smallest_two.push_back(path);
  }
  database_->DefineFiles("t.folding", *before, smallest_two);
  TableChange change{.insert_sql = "SELECT count(*)::INTEGER AS id FROM t.folding", .fold_files = smallest_two};
  auto report = Apply(target, change);
  EXPECT_EQ(report.files_removed, 2);
  EXPECT_EQ(report.rows_removed, 3);
  EXPECT_EQ(report.rows_inserted, 1);
  EXPECT_EQ(std::get<delta::Committed>(report.outcome).version, 3);
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), (std::vector<std::string>{"1", "1", "1", "3"}));
  // Again, they are gone: nothing is written.
  auto again = database_->Apply(target, Load(target), change, {}, base::SystemClock());
  EXPECT_TRUE(std::holds_alternative<delta::Conflict>(again.outcome));
  EXPECT_EQ(Load(target)->version(), 3);
}

TEST_F(TableWriterTest, AChangeWithoutRowsCommitsItsProgress) {
  auto target = Target("SELECT 1 AS id");
  ApplyOptions options;
  options.progress = {{"qlake.fact", 7, 1}};
  options.fence_app = "qlake.writer";
  options.fence_epoch = 1;
  Apply(target, {}, options);
  EXPECT_EQ(Load(target)->TransactionVersion("qlake.fact"), 7);
  options.progress = {{"qlake.fact", 9, 1}};
  auto report = Apply(target, {.insert_sql = "SELECT 1 AS id WHERE FALSE"}, options);
  EXPECT_EQ(std::get<delta::Committed>(report.outcome).version, 1);
  EXPECT_EQ(Load(target)->TransactionVersion("qlake.fact"), 9);
  auto nothing = Apply(target, {});
  EXPECT_EQ(std::get<delta::Committed>(nothing.outcome).version, 1);
}

TEST_F(TableWriterTest, ALaterEpochInTheTableIsAConflict) {
  auto target = Target("SELECT 1 AS id");
  ApplyOptions options;
  options.progress = {{"qlake.writer", 5, 1}};
  Apply(target, {}, options);
  options.progress = {{"qlake.writer", 4, 1}};
  options.fence_app = "qlake.writer";
  options.fence_epoch = 4;
  auto report = database_->Apply(target, Load(target), {.insert_sql = "SELECT 1 AS id"}, options, base::SystemClock());
  EXPECT_TRUE(std::holds_alternative<delta::Conflict>(report.outcome));
  EXPECT_TRUE(Load(target)->files().empty());
}

TEST_F(TableWriterTest, AddedColumnsAreNullInOlderRowsAlsoAfterARewrite) {
  std::string old_select = "SELECT i AS id, CAST(i % 2 AS INTEGER) AS p FROM range(4) r(i)";
  Apply(Target(old_select, {"p"}), {.insert_sql = old_select});
  std::string new_select = "SELECT 10::BIGINT AS id, 0 AS p, 'x' AS logs";
  auto target = Target(new_select, {"p"});
  Apply(target, {.insert_sql = new_select});
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"),
            (std::vector<std::string>{"0|0|NULL", "1|1|NULL", "2|0|NULL", "3|1|NULL", "10|0|x"}));
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE logs IS NULL AND p = 1 ORDER BY id"), (std::vector<std::string>{"1", "3"}));
  Apply(target, {.remove_sql = "SELECT 2::BIGINT AS id", .key_columns = {"id"}});
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"),
            (std::vector<std::string>{"0|0|NULL", "1|1|NULL", "3|1|NULL", "10|0|x"}));
  // An older target writes on: what it does not know is NULL.
  Apply(Target(old_select, {"p"}), {.insert_sql = "SELECT 11::BIGINT AS id, 1 AS p"});
  EXPECT_EQ(Rows("SELECT * FROM t.t WHERE id = 11"), std::vector<std::string>{"11|1|NULL"});
}

TEST_F(TableWriterTest, ATargetThatDoesNotFitTheTableIsRefused) {
  Apply(Target("SELECT 1 AS id"), {.insert_sql = "SELECT 1 AS id"});
  ExpectError(base::ErrorKind::kInput, "has column id as INTEGER, it cannot be written as VARCHAR",
              [&] { Apply(Target("SELECT 'x' AS id"), {}); });
  ExpectError(base::ErrorKind::kInput, "partitioned by", [&] { Apply(Target("SELECT 1 AS id", {"id"}), {}); });
}

TEST_F(TableWriterTest, RowsBeyondTheBudgetAreWrittenAsMoreFiles) {
  Open({.threads = 2, .row_sink_bytes_max = 1 << 20});
  std::string select = "SELECT i AS id, md5(CAST(i AS VARCHAR)) AS text FROM range(100000) r(i)";
  auto target = Target(select);
  auto report = Apply(target, {.insert_sql = select});
  EXPECT_GT(report.files_added, 3);
  EXPECT_EQ(Rows("SELECT count(*), sum(id), count(DISTINCT text) FROM t.t"),
            std::vector<std::string>{"100000|4999950000|100000"});
}

TEST_F(TableWriterTest, TheLogCarriesStatisticsMetricsAndTheColumnCount) {
  auto target = Target("SELECT 1 AS id, 'x' AS name");
  target.columns[1].personal = true;
  Apply(target, {.insert_sql = "SELECT * FROM (VALUES (3, 'Ann'), (1, NULL)) v(id, name)"});
  auto file = Load(target)->files().begin()->second;
  EXPECT_EQ(file.stats, R"({"numRecords":2,"minValues":{"id":1},"maxValues":{"id":3},"nullCount":{"id":0}})");
  EXPECT_EQ(file.tags.at(kColumnsTag), ColumnsTagOf(target.columns));
  std::string log = storage_->Read("warehouse/t/_delta_log/00000000000000000000.json");
  EXPECT_NE(log.find(R"("numOutputRows":"2")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("numAddedFiles":"1")"), std::string::npos) << log;
}

// As Spark writes them: no tag, the partition column in the file as well, and columns that only some files have.
TEST_F(TableWriterTest, FilesOfAnotherWriterAreReadByTheColumnsTheyHave) {
  auto target = Target("SELECT 1 AS id, 'x' AS name, 2.5 AS price, DATE '2023-05-20' AS day", {"day"});
  Apply(target, {.insert_sql = "SELECT 1 AS id, 'own' AS name, 2.5 AS price, DATE '2023-05-20' AS day"});
  auto write = [&](const std::string& path, const std::string& select, const std::string& day) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/warehouse/t/" + path).parent_path());
    database_->Run(
        fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, QuoteLiteral(root_ + "/warehouse/t/" + path)));
    delta::Transaction transaction(*storage_, target.path, Load(target));
    delta::AddFile file;
    file.path = path;
    file.partition_values["day"] = day;
    file.size_bytes = static_cast<int64_t>(std::filesystem::file_size(root_ + "/warehouse/t/" + path));
    transaction.Stage(std::move(file));
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  };
  write("day=2023-05-21/part-0.parquet", "SELECT 2 AS id, DATE '2023-05-21' AS day", "2023-05-21");
  write("aBc/part-1.parquet", "SELECT 'other' AS name, 3 AS id", "2023-05-22");
  database_->DefineTable("t.t", *Load(target));
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"),
            (std::vector<std::string>{"1|own|2.5|2023-05-20", "2|NULL|NULL|2023-05-21", "3|other|NULL|2023-05-22"}));
  Apply(target, {.remove_sql = "SELECT * FROM (VALUES (1), (3)) v(id)", .key_columns = {"id"}});
  EXPECT_EQ(Rows("FROM t.t"), std::vector<std::string>{"2|NULL|NULL|2023-05-21"});
}

TEST_F(TableWriterTest, ALakeBelowAFolderThatLooksLikeAPartitionIsReadRight) {
  storage_ = storage::OpenLocalStorage(root_ + "/day=1999-01-01/[x]*/lake");
  Open({.threads = 2});
  std::string select = "SELECT 1 AS id, DATE '2023-05-20' AS day";
  Apply(Target(select, {"day"}), {.insert_sql = select});
  EXPECT_EQ(Rows("FROM t.t"), std::vector<std::string>{"1|2023-05-20"});
}

TEST_F(TableWriterTest, AFailedQueryLeavesTheTableAsItWas) {
  auto target = Target("SELECT 1 AS id");
  Apply(target, {.insert_sql = "SELECT 1 AS id"});
  ExpectError(base::ErrorKind::kInput, "Could not convert", [&] {
    Apply(target, {.insert_sql = "SELECT CAST(CAST(i AS VARCHAR) || 'x' AS INTEGER) AS id FROM range(3) r(i)"});
  });
  EXPECT_EQ(Load(target)->version(), 0);
}

// Rows whose partitions come one behind the other: what StagedScan::by_cluster gives.
class ClusteredWriteTest : public TableWriterTest {
 protected:
  static constexpr int kFiles = 4;
  static constexpr int kRowsPerFile = 20'000;

  // Stages rows of seven days, one of them NULL, in turn; t.clustered gives them day by day, t.mixed as they stand.
  void Stage() {
    ColumnRules id;
    id.name = "id";
    id.type = {Kind::kInteger};
    ColumnRules day;
    day.name = "day";
    day.type = {Kind::kDate};
    RawScan scan;
    scan.csv_shape.columns = {{"id", {}, true}, {"day", {}, false}};
    for (int file = 0; file < kFiles; ++file) {
      std::string bytes = "id,day\n";
      for (int row = 0; row < kRowsPerFile; ++row) {
        bytes +=
            fmt::format("{},{}\n", file * kRowsPerFile + row, row % 7 == 0 ? "" : fmt::format("2023-05-{}", row % 7));
      }
      std::string path = fmt::format("drop/{}", file);
      storage_->Write(path, bytes);
      scan.files.push_back({path, 0, bytes.size()});
      scan.formats.push_back(rows::FileFormat::kCsv);
    }
    auto rows = database_->Stage(scan, {id, day});
    StagedScan staged{rows, {}, {}};
    staged.file_ids.resize(kFiles);
    staged.hours.resize(kFiles);
    database_->DefineStagedScan("t.mixed", staged);
    rows->ClusterBy(1, 2);
    staged.by_cluster = true;
    database_->DefineStagedScan("t.clustered", staged);
  }

  void ExpectAllRows() {
    EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM t.t"),
              std::vector<std::string>{"80000|80000|0|79999"});
    EXPECT_EQ(Rows("SELECT id, day FROM t.t EXCEPT SELECT id, day FROM t.mixed"), std::vector<std::string>{});
  }
};

TEST_F(ClusteredWriteTest, EachPartitionIsOneFileOfTheSameRows) {
  Stage();
  auto target = Target("SELECT id, day FROM t.mixed", {"day"});
  auto report = Apply(target, {.insert_sql = "SELECT id, day FROM t.clustered", .clustered = true});
  EXPECT_EQ(report.rows_inserted, 80'000);
  EXPECT_EQ(report.files_added, 7);
  ExpectAllRows();
}

TEST_F(ClusteredWriteTest, APartitionWhoseRowsComeApartIsSeveralFilesAndWhole) {
  Stage();
  auto target = Target("SELECT id, day FROM t.mixed", {"day"});
  auto report = Apply(target, {.insert_sql = "SELECT id, day FROM t.mixed", .clustered = true});
  EXPECT_EQ(report.rows_inserted, 80'000);
  EXPECT_GT(report.files_added, 7);
  ExpectAllRows();
}

TEST_F(ClusteredWriteTest, ATableWithoutPartitionsTakesThemToo) {
  Stage();
  auto report = Apply(Target("SELECT id, day FROM t.mixed"),
                      {.insert_sql = "SELECT id, day FROM t.clustered", .clustered = true});
  EXPECT_EQ(report.rows_inserted, 80'000);
  ExpectAllRows();
}

TEST_F(ClusteredWriteTest, RowsThatAreAllTheSameAreNotTakenForOne) {
  auto target = Target("SELECT 1 AS id, 'x' AS p", {"p"});
  auto report = Apply(target, {.insert_sql = "SELECT 1 AS id, 'x' AS p FROM range(5000)", .clustered = true});
  EXPECT_EQ(report.rows_inserted, 5000);
  EXPECT_EQ(Rows("SELECT count(*), sum(id) FROM t.t"), std::vector<std::string>{"5000|5000"});
  report = Apply(target, {.insert_sql = "SELECT 1 AS id, 'x' AS p WHERE FALSE", .clustered = true});
  EXPECT_EQ(report.rows_inserted, 0);
  EXPECT_EQ(report.files_added, 0);
}

TEST_F(ClusteredWriteTest, AnErrorInItsSqlIsToldAndTheTableStaysAsItWas) {
  Stage();
  auto target = Target("SELECT id, day FROM t.mixed", {"day"});
  Apply(target, {.insert_sql = "SELECT 1 AS id, DATE '2023-05-20' AS day"});
  ExpectError(base::ErrorKind::kInput, "Could not convert", [&] {
    Apply(target, {.insert_sql = "SELECT CAST(id || CASE WHEN id = 70001 THEN 'x' ELSE '' END AS INTEGER) AS id, day "
                                 "FROM t.clustered",
                   .clustered = true});
  });
  EXPECT_EQ(Load(target)->version(), 0);
  ExpectError(base::ErrorKind::kInput, "qlake_sink is not for use in queries",
              [&] { database_->Query("SELECT qlake_sink(1)"); });
}

TEST_F(ClusteredWriteTest, OneThatIsCancelledIsInterrupted) {
  Stage();
  auto target = Target("SELECT id, day FROM t.mixed", {"day"});
  std::jthread interrupter([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      database_->Interrupt();
    }
  });
  ExpectError(base::ErrorKind::kUnavailable, "interrupted", [&] {
    Apply(target, {.insert_sql = "SELECT c.id, c.day FROM t.clustered AS c, range(100000) AS r", .clustered = true});
  });
  EXPECT_FALSE(Load(target));
}

// The file system's own complaint, not DuckDB's about a function that failed.
TEST_F(ClusteredWriteTest, AFileThatCannotBeWrittenIsAnIoError) {
  Stage();
  auto target = Target("SELECT id, day FROM t.mixed", {"day"});
  ExpectError(base::ErrorKind::kIo, "day=2023-05-03", [&] {
    storage_->Write("warehouse/t/day=2023-05-03", "in the folder's way");
    Apply(target, {.insert_sql = "SELECT id, day FROM t.clustered", .clustered = true});
  });
  EXPECT_FALSE(Load(target));
}

TEST(PartitionPathTest, FoldersAreNamedAsHiveDoes) {
  EXPECT_EQ(PartitionFolder({"a", "b"}, {{"a", "x:y"}, {"b", std::nullopt}}), "a=x%3Ay/b=__HIVE_DEFAULT_PARTITION__/");
  EXPECT_EQ(PartitionFolder({}, {}), "");
  EXPECT_EQ(EscapePathPart("a b\n"), "a b%0A");
  EXPECT_FALSE(FolderTellsValues({"a"}, {{"a", "NULL"}}));
  EXPECT_TRUE(FolderTellsValues({"a"}, {{"a", std::nullopt}}));
}

}  // namespace
}  // namespace qlake::engine
