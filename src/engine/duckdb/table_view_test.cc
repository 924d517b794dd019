#include "engine/duckdb/table_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "delta/path_encoding.h"
#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using base::ErrorKind;
using Strings = std::vector<std::string>;

// Tables whose log and files are written by hand, as another writer may have.
class TableViewTest : public LakeTest {
 protected:
  // What COPY says of field ids, {a: 1, s: {__duckdb_field_id: 2, x: 3}}, goes into the file.
  void WriteFile(const std::string& path, const std::string& select, const std::string& field_ids = "") {
    std::string absolute = path.starts_with('/') ? path : root_ + "/t/" + path;
    std::filesystem::create_directories(std::filesystem::path(absolute).parent_path());
    database_->Run(fmt::format("COPY ({}) TO {} (FORMAT parquet{})", select, QuoteLiteral(absolute),
                               field_ids.empty() ? "" : ", FIELD_IDS " + field_ids));
  }

  // `fields` are JSON; `adds` are whole lines.
  void WriteLog(const std::string& fields, const Strings& adds, const Strings& partition_columns = {},
                const base::Json& configuration = base::Json::object()) {
    base::Json metadata = {{"id", "m"},
                           {"schemaString", R"({"type":"struct","fields":[)" + fields + "]}"},
                           {"partitionColumns", partition_columns},
                           {"configuration", configuration}};
    base::Json protocol = {{"minReaderVersion", 3},
                           {"minWriterVersion", 7},
                           {"readerFeatures", {"deletionVectors", "columnMapping", "timestampNtz"}},
                           {"writerFeatures", {"deletionVectors", "columnMapping", "timestampNtz"}}};
    std::string lines =
        base::Json{{"protocol", protocol}}.dump() + "\n" + base::Json{{"metaData", metadata}}.dump() + "\n";
    for (const auto& add : adds) lines += add + "\n";
    storage_->Write("t/_delta_log/00000000000000000000.json", lines);
  }

  static std::string Add(const std::string& path, const std::string& partition_values = "{}",
                         const std::string& more = "") {
    return R"({"add":{"path":")" + path + R"(","size":1,"partitionValues":)" + partition_values + more + "}}";
  }

  static std::string Field(const std::string& name, const std::string& type, int id = 0) {
    base::Json metadata = base::Json::object();
    if (id > 0) {
      metadata = {{"delta.columnMapping.id", id}, {"delta.columnMapping.physicalName", "col-" + std::to_string(id)}};
    }
    return fmt::format(R"({{"name":"{}","type":{},"nullable":true,"metadata":{}}})", name, type, metadata.dump());
  }
  static std::string Struct(const std::string& fields) { return R"({"type":"struct","fields":[)" + fields + "]}"; }
  static std::string ArrayOf(const std::string& element) {
    return R"({"type":"array","containsNull":true,"elementType":)" + element + "}";
  }
  static std::string MapOf(const std::string& key, const std::string& value) {
    return R"({"type":"map","valueContainsNull":true,"keyType":)" + key + R"(,"valueType":)" + value + "}";
  }

  void Define() { database_->DefineTable("t.t", *delta::Snapshot::Load(*storage_, "t")); }

  static constexpr const char* kInline =
      R"(,"deletionVector":{"storageType":"i","pathOrInlineDv":"wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L","sizeInBytes":40,"cardinality":6})";
};

TEST_F(TableViewTest, FilesMakeTheTablesRowsWhateverTheirColumnsAre) {
  WriteFile("a.parquet", "SELECT 'x' AS c, 1::TINYINT AS a, {'y': 2::SMALLINT, 'x': 'q'} AS s, 5 AS unknown");
  WriteFile("b.parquet",
            "SELECT 70000 AS a, {'x': 'r'} AS s, [{'e': 1}, NULL] AS l, MAP {'k': {'v': 1::TINYINT}} AS m");
  WriteFile("c.parquet", "SELECT DATE '2020-01-02' AS d, NULL::STRUCT(y INTEGER) AS s, []::STRUCT(f INTEGER)[] AS l");
  WriteLog(Field("a", "\"integer\"") + "," +
               Field("s", Struct(Field("x", "\"string\"") + "," + Field("y", "\"long\""))) + "," +
               Field("l", ArrayOf(Struct(Field("f", "\"date\"") + "," + Field("e", "\"long\"")))) + "," +
               Field("m", MapOf("\"string\"", Struct(Field("w", "\"double\"") + "," + Field("v", "\"integer\"")))) +
               "," + Field("d", "\"timestamp_ntz\"") + "," + Field("c", "\"string\""),
           {Add("a.parquet"), Add("b.parquet"), Add("c.parquet")});
  Define();
  EXPECT_EQ(
      Rows("SELECT * FROM t.t ORDER BY a NULLS LAST"),
      (Strings{R"(1|{"x":"q","y":"2"}|NULL|NULL|NULL|x)",
               R"(70000|{"x":"r","y":null}|[{"f":null,"e":"1"},null]|[{"key":"k","value":{"w":null,"v":1}}]|NULL|NULL)",
               "NULL|NULL|[]|NULL|2020-01-02T00:00:00.000000|NULL"}));
}

// As by ALTER TABLE ADD COLUMN ... FIRST of another engine, which keeps our files and their tags.
TEST_F(TableViewTest, AColumnThatAnotherEngineAddsInFrontDoesNotShiftTheOthersInOurFiles) {
  base::Column a{.name = "a", .type = {base::ColumnType::Kind::kLong}};
  base::Column b{.name = "b", .type = {base::ColumnType::Kind::kString}};
  WriteFile("ours.parquet", "SELECT 1::BIGINT AS a, 'x' AS b");
  auto log_with = [&](const std::string& fields, const std::string& tag) {
    WriteLog(fields, {Add("ours.parquet", "{}", R"(,"tags":{"qlake.columns":")" + tag + "\"}")});
    Define();
  };
  std::string fields = Field("a", "\"long\"") + "," + Field("b", "\"string\"");
  for (const std::string& tag : {ColumnsTagOf({a, b}), std::string("2"), std::string("unknown")}) {
    SCOPED_TRACE(tag);
    log_with(fields, tag);
    EXPECT_EQ(Rows("SELECT * FROM t.t"), (Strings{"1|x"}));
    log_with(Field("new", "\"long\"") + "," + fields, tag);
    EXPECT_EQ(Rows("SELECT * FROM t.t"), (Strings{"NULL|1|x"}));
    log_with(fields + "," + Field("new", "\"long\""), tag);
    EXPECT_EQ(Rows("SELECT * FROM t.t"), (Strings{"1|x|NULL"}));
  }
}

TEST_F(TableViewTest, TextAndBytesAreToldApartByTheTable) {
  WriteFile("a.parquet", "SELECT 'é' AS b, encode('é') AS t, [encode('x')] AS l");
  WriteLog(Field("t", "\"string\"") + "," + Field("b", "\"binary\"") + "," + Field("l", ArrayOf("\"string\"")),
           {Add("a.parquet")});
  Define();
  EXPECT_EQ(Rows("SELECT * FROM t.t"), (Strings{R"(é|w6k=|["x"])"}));
}

TEST_F(TableViewTest, ColumnsAreFoundByIdWhateverTheFileCallsThem) {
  std::string fields = Field("a", "\"long\"", 1) + "," + Field("b", "\"long\"", 2) + "," +
                       Field("s", Struct(Field("x", "\"long\"", 4) + "," + Field("gone", "\"long\"", 9)), 3) + "," +
                       Field("l", ArrayOf(Struct(Field("x", "\"long\"", 6))), 5);
  WriteFile(
      "a.parquet", "SELECT 2 AS a, 1 AS b, {'q': 4, 'x': 5} AS z, [{'p': 6}] AS l",
      "{a: 2, b: 1, z: {__duckdb_field_id: 3, q: 4, x: 7}, l: {__duckdb_field_id: 5, element: {__duckdb_field_id: "
      "8, p: 6}}}");
  WriteFile("b.parquet", "SELECT 1 AS a, 2 AS \"col-1\"");  // No ids.
  WriteLog(fields, {Add("a.parquet"), Add("b.parquet")}, {}, {{"delta.columnMapping.mode", "id"}});
  Define();
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY a"),
            (Strings{"NULL|NULL|NULL|NULL", R"(1|2|{"x":"4","gone":null}|[{"x":"6"}])"}));
}

TEST_F(TableViewTest, ColumnsAreFoundByTheirPhysicalNames) {
  std::string fields = Field("a", "\"long\"", 1) + "," + Field("p", "\"date\"", 2) + "," +
                       Field("m", MapOf(Struct(Field("k", "\"long\"", 4)), "\"string\""), 3);
  WriteFile("a.parquet", R"(SELECT 7 AS "col-1", 8 AS a, MAP {{'col-4': 9}: 'v'} AS "col-3")", "{\"col-1\": 99}");
  WriteLog(fields, {Add("a.parquet", R"({"col-2":"2020-02-29"})")}, {"p"}, {{"delta.columnMapping.mode", "name"}});
  Define();
  EXPECT_EQ(Rows("SELECT * FROM t.t"), (Strings{R"(7|2020-02-29|[{"key":{"k":"9"},"value":"v"}])"}));
}

TEST_F(TableViewTest, DeletedRowsAreNotRowsOfTheTable) {
  WriteFile("a.parquet", "SELECT range AS a FROM range(40)");
  WriteFile("b.parquet", "SELECT 100 AS a");
  WriteLog(Field("a", "\"long\""), {Add("a.parquet", "{}", kInline), Add("b.parquet")});
  Define();
  EXPECT_EQ(Cell("count(*) FROM t.t"), "35");
  EXPECT_EQ(Cell("list(a ORDER BY a) FROM t.t WHERE a < 13"), R"(["0","1","2","5","6","8","9","10","12"])");
  EXPECT_EQ(Cell("count(*) FROM t.t WHERE a IN (3, 29, 100)"), "1");
  auto snapshot = delta::Snapshot::Load(*storage_, "t");
  ExpectError(ErrorKind::kInput, "deletionVectors", [&] { SelectAllFiles(*storage_, *snapshot); });
}

TEST_F(TableViewTest, OneFileOfTwoVersionsHasTheDeletedRowsOfEach) {
  WriteFile("a.parquet", "SELECT range AS a FROM range(40)");
  WriteLog(Field("a", "\"long\""), {Add("a.parquet")});
  storage_->Write("t/_delta_log/00000000000000000001.json", Add("a.parquet", "{}", kInline) + "\n");
  for (delta::Version version : {0, 1}) {
    database_->DefineTable(fmt::format("t.v{}", version), *delta::Snapshot::Load(*storage_, "t", version));
  }
  EXPECT_EQ(Rows("SELECT a FROM t.v0 EXCEPT SELECT a FROM t.v1 ORDER BY a"),
            (Strings{"3", "4", "7", "11", "18", "29"}));
}

TEST_F(TableViewTest, ValuesOfVeryManyPartitionsAreLookedUp) {
  Strings adds;
  for (int i = 0; i < 200; ++i) {
    WriteFile(fmt::format("{}.parquet", i), fmt::format("SELECT {} AS a", i));
    adds.push_back(Add(fmt::format("{}.parquet", i),
                       i == 0 ? "{}" : fmt::format(R"({{"p":"2020-01-01 00:00:00.{:06}","q":"{}"}})", i, i % 2)));
  }
  WriteLog(Field("a", "\"long\"") + "," + Field("p", "\"timestamp\"") + "," + Field("q", "\"boolean\""), adds,
           {"q", "p"});
  Define();
  EXPECT_EQ(Cell("count(*) FROM t.t WHERE p IS NULL AND q IS NULL AND a = 0"), "1");
  EXPECT_EQ(Cell("count(*) FROM t.t WHERE epoch_us(p) % 1000000 = a AND q = (a % 2 = 1)"), "199");
  EXPECT_EQ(Rows("SELECT * FROM t.t WHERE a = 7"), (Strings{"7|2020-01-01T00:00:00.000007Z|true"}));
}

// The others are gone from the disk, so that opening one would be an error. DuckDB takes the columns from the first.
TEST_F(TableViewTest, AQueryOfOneDayOpensThatDaysFilesAlone) {
  base::Column a{.name = "a", .type = {base::ColumnType::Kind::kLong}};
  base::Column day{.name = "day", .type = {base::ColumnType::Kind::kDate}};
  Strings adds;
  for (int i = 1; i <= 28; ++i) {
    std::string date = fmt::format("2023-02-{:02}", i);
    std::string path = fmt::format("day={}/x.parquet", date);
    WriteFile(path, fmt::format("SELECT {}::BIGINT AS a", i));
    adds.push_back(
        Add(path, R"({"day":")" + date + "\"}", R"(,"tags":{"qlake.columns":")" + ColumnsTagOf({a, day}) + "\"}"));
  }
  WriteLog(Field("a", "\"long\"") + "," + Field("day", "\"date\""), adds, {"day"});
  for (int i = 2; i <= 28; ++i) {
    if (i != 17) storage_->Write(fmt::format("t/day=2023-02-{:02}/x.parquet", i), "whoever opens this fails");
  }
  Define();
  EXPECT_EQ(Rows("SELECT a FROM t.t WHERE day = DATE '2023-02-17'"), (Strings{"17"}));
  EXPECT_EQ(Cell("count(*) FROM t.t WHERE day BETWEEN DATE '2023-02-17' AND DATE '2023-02-17'"), "1");
}

TEST_F(TableViewTest, PartitionValuesOfEveryTypeComeFromTheirTexts) {
  WriteFile("a.parquet", "SELECT 1 AS v");
  std::string fields = Field("v", "\"integer\"");
  std::string values;
  Strings names;
  for (const auto& [type, text] :
       std::vector<std::pair<std::string, std::string>>{{"byte", "-128"},
                                                        {"short", "7"},
                                                        {"integer", "8"},
                                                        {"long", "9223372036854775807"},
                                                        {"float", "1.5"},
                                                        {"double", "-Infinity"},
                                                        {"decimal(38,18)", "0E-18"},
                                                        {"boolean", "true"},
                                                        {"string", "it's %20 \u00fc"},
                                                        {"binary", "\u00fc"},
                                                        {"date", "0001-01-01"},
                                                        {"timestamp", "2020-01-01T10:11:12.123456Z"},
                                                        {"timestamp_ntz", "2020-01-01 10:11:12"}}) {
    fields += "," + Field(type, "\"" + type + "\"");
    values += (values.empty() ? "" : ",") + base::Json(type).dump() + ":" + base::Json(text).dump();
    names.push_back(type);
  }
  WriteLog(fields, {Add("a.parquet", "{" + values + "}")}, names);
  Define();
  EXPECT_EQ(
      Rows("SELECT * FROM t.t"),
      (Strings{"1|-128|7|8|9223372036854775807|1.5|-Infinity|0.000000000000000000|true|it's %20 ü|w7w=|0001-01-01|"
               "2020-01-01T10:11:12.123456Z|2020-01-01T10:11:12.000000"}));
}

TEST_F(TableViewTest, NamesThatAreNoPatternsAndFilesElsewhereAreInReachAfterTheLock) {
  std::string outside =
      (std::filesystem::temp_directory_path() / "qlake_outside [x]*?%").string() + root_.substr(root_.rfind('_'));
  WriteFile("p=[a]*/x?'.parquet", "SELECT 1 AS a");
  WriteFile("p=a/x.parquet", "SELECT 100 AS a");  // What the first would be as a pattern.
  WriteFile(outside + "/o.parquet", "SELECT 2 AS a");
  WriteFile(outside + "/secret.parquet", "SELECT 3 AS a");
  WriteLog(Field("a", "\"long\""),
           {Add("p=[a]*/x%3F'.parquet"), Add("file://" + delta::EncodePath(outside) + "/o.parquet")});
  Define();
  database_->Lock();
  EXPECT_EQ(Rows("SELECT a FROM t.t ORDER BY a"), (Strings{"1", "2"}));
  EXPECT_THROW(Rows("SELECT * FROM read_parquet(" + QuoteLiteral(outside + "/secret.parquet") + ")"), base::Error);
  std::filesystem::remove_all(outside);
}

TEST_F(TableViewTest, ALakeMayLieInAFolderWhoseNameLooksLikeAPattern) {
  std::string lake = root_ + "/a[b]c*?";
  storage_ = storage::OpenLocalStorage(lake);
  Open({.threads = 1});
  WriteFile(lake + "/t/a.parquet", "SELECT 1 AS a");
  WriteLog(Field("a", "\"long\""), {Add("a.parquet")});
  Define();
  database_->Lock();
  EXPECT_EQ(Rows("SELECT a FROM t.t"), (Strings{"1"}));
}

TEST_F(TableViewTest, AFileThatIsAbsentOrNotWhatTheLogSaysIsCorruptAndNamed) {
  WriteLog(Field("a", "\"long\""), {Add("absent.parquet")});
  ExpectError(ErrorKind::kCorrupt, "t/absent.parquet", [&] { Define(); });
  storage_->Write("t/absent.parquet", "no Parquet");
  ExpectError(ErrorKind::kCorrupt, "t/absent.parquet is no readable Parquet file", [&] { Define(); });
  WriteFile("absent.parquet", "SELECT {'x': 1} AS a");
  ExpectError(ErrorKind::kCorrupt, "absent.parquet holds column \"a\" in a form", [&] { Define(); });
  WriteLog(Field("a", "\"long\""), {Add("s3://bucket/x.parquet")});
  ExpectError(ErrorKind::kInput, "s3://bucket/x.parquet", [&] { Define(); });
  WriteLog(Field("a", "\"long\""), {Add("absent.parquet")}, {"b"});
  ExpectError(ErrorKind::kCorrupt, "partitioned by a column that it does not have: b", [&] { Define(); });
  WriteLog("", {});
  ExpectError(ErrorKind::kInput, "has no columns", [&] { Define(); });
}

TEST_F(TableViewTest, ATableWithFeaturesThatWeCannotKeepIsNotWritten) {
  WriteFile("a.parquet", "SELECT 1::BIGINT AS a");
  WriteLog(Field("a", "\"long\"", 1), {Add("a.parquet")}, {}, {{"delta.columnMapping.mode", "name"}});
  TableTarget target{.path = "t", .columns = {{.name = "a", .type = {base::ColumnType::Kind::kLong}}}};
  ExpectError(ErrorKind::kInput, "columnMapping", [&] { Apply(target, {.insert_sql = "SELECT 2::BIGINT AS a"}); });
  WriteLog(Field("a", "\"long\""), {Add("a.parquet")});
  ExpectError(ErrorKind::kInput, "deletionVectors", [&] { Apply(target, {.insert_sql = "SELECT 2::BIGINT AS a"}); });
  EXPECT_EQ(storage_->ListAll("t").size(), 2u);
}

}  // namespace
}  // namespace qlake::engine
