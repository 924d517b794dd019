#include "engine/duckdb/staged_rows.h"

#include <fmt/format.h>

#include <atomic>
#include <tuple>
#include <utility>

#include "engine/duckdb/key_hash.h"
#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;
using Lines = std::vector<int64_t>;
using Texts = std::vector<std::string>;

constexpr base::ColumnType kText{};
constexpr base::ColumnType kInteger{Kind::kInteger};
constexpr base::ColumnType kLong{Kind::kLong};
constexpr base::ColumnType kDate{Kind::kDate};
constexpr base::ColumnType kBoolean{Kind::kBoolean};
constexpr base::ColumnType Decimal(int precision, int scale) { return {Kind::kDecimal, precision, scale}; }

ColumnRules Column(std::string name, base::ColumnType type, OnBreach on_breach = OnBreach::kReject) {
  ColumnRules rules;
  rules.name = std::move(name);
  rules.type = type;
  rules.on_breach = on_breach;
  return rules;
}

class StagedRowsTest : public LakeTest {
 protected:
  // Stages files and shows them as view t.v.
  void Stage(const Texts& files, const std::vector<ColumnRules>& rules,
             rows::FileFormat format = rows::FileFormat::kCsv) {
    scan_ = {};
    for (const auto& column : rules) scan_.csv_shape.columns.push_back({column.name, {}, false});
    for (const auto& bytes : files) {
      std::string path = fmt::format("drop/{}", scan_.files.size());
      storage_->Write(path, bytes);
      scan_.files.push_back({path, 0, bytes.size(), 0});
      scan_.formats.push_back(format);
    }
    staged_ = database_->Stage(scan_, rules);
    Define([](StagedScan&) {});
  }

  template <typename Change>
  void Define(const Change& change) {
    StagedScan scan{staged_, {}, {}, std::nullopt, false, false};
    for (size_t i = 0; i < staged_->files().size(); ++i) {
      scan.file_ids.push_back(fmt::format("the file's id {}", i));
      scan.hours.push_back({static_cast<int64_t>(i) * 3'600'000'000});
    }
    change(scan);
    database_->DefineStagedScan("t.v", std::move(scan));
  }

  // The content hash of every row is what SQL gives for its values.
  void ExpectHashesOfValues() {
    Texts texts;
    for (const auto& column : staged_->rules()) texts.push_back(fmt::format("CAST({} AS VARCHAR)", column.name));
    EXPECT_EQ(Rows(fmt::format("SELECT _file, _line FROM t.v WHERE _content_hash IS DISTINCT FROM content_hash({})",
                               fmt::join(texts, ", "))),
              Texts{});
  }

  RawScan scan_;
  std::shared_ptr<StagedRows> staged_;
};

TEST_F(StagedRowsTest, EachTypeComesOutAsItStoodInTheFile) {
  Stage({"s,i,l,day,b,d4,d9,d18,d38,mail\n"
         " K\xC3\xB6ln\t,+007,-9223372036854775808,2023-5-20,Yes,1.5,-1.05,123456789012.345678,"
         "-12345678901234567890123456789012345.678,ann@x.comm;\n"
         ",,,,,,,,, \n"
         "x,-2147483648,9223372036854775807,9999-12-31,f,-99.99,0.5,0,1.,a@b.org\n"},
        {Column("s", kText), Column("i", kInteger), Column("l", kLong), Column("day", kDate), Column("b", kBoolean),
         Column("d4", Decimal(4, 2)), Column("d9", Decimal(9, 2)), Column("d18", Decimal(18, 6)),
         Column("d38", Decimal(38, 3)), [] {
           auto mail = Column("mail", kText);
           mail.cleans_email = true;
           return mail;
         }()});
  EXPECT_EQ(Rows("SELECT * EXCLUDE (_content_hash) FROM t.v ORDER BY _line"),
            (Texts{"Köln|7|-9223372036854775808|2023-05-20|true|1.50|-1.05|123456789012.345678|"
                   "-12345678901234567890123456789012345.678|ann@x.com|0|2|the file's id "
                   "0|1970-01-01T00:00:00.000000Z|0",
                   "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|3|the file's id "
                   "0|1970-01-01T00:00:00.000000Z|1",
                   "x|-2147483648|9223372036854775807|9999-12-31|false|-99.99|0.50|0.000000|1.000|a@b.org|0|4|the "
                   "file's id 0|1970-01-01T00:00:00.000000Z|2"}));
  ExpectHashesOfValues();
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.v"), 3);
}

// DuckDB keeps texts to 12 bytes in place; they are copied 16 bytes at a time where the file has so many.
TEST_F(StagedRowsTest, TextsOfEveryLengthComeOutAlsoAtTheEndOfAFile) {
  Texts files;
  std::vector<std::vector<std::optional<std::string>>> expected;
  for (size_t bytes : {1, 2, 3, 11, 12, 13, 15, 16, 17, 300, 70'000}) {
    std::string text(bytes, static_cast<char>('a' + bytes % 26));
    auto file = std::to_string(files.size());
    files.push_back(fmt::format("k,s\n{0},{1}\n\"{0}\",\"{1}\"\nk,{1}", bytes, text));
    for (int line = 2; line <= 4; ++line) expected.push_back({file, std::to_string(line), text});
  }
  database_->FillTable("t.expected", {{"f", kInteger}, {"l", kLong}, {"text", kText}}, expected);
  Stage(files, {Column("k", kText), Column("s", kText)});
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT s) FROM t.v"), Texts{"33|11"});
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.v JOIN t.expected ON _file = f AND _line = l AND s = text"),
            33);
  ExpectHashesOfValues();
}

TEST_F(StagedRowsTest, TextsThatDoNotStandInTheFileAsTheyAreMeantAreCopied) {
  Stage({"s,n\n\"a \"\"quoted\"\" text\",1\n\"\"\"\"\"x\"\"\",2\n\"two\nlines\",3\nplain,4\n"},
        {Column("s", kText), Column("n", kInteger)});
  EXPECT_EQ(Rows("SELECT s, n, _line FROM t.v ORDER BY n"),
            (Texts{"a \"quoted\" text|1|2", "\"\"x\"|2|3", "two\nlines|3|4", "plain|4|6"}));
  ExpectHashesOfValues();
  Stage({R"({"s": "\u004b\u00f6ln \"\n\ud83d\ude00 far beyond twelve", "n": 1})"
         "\n"
         R"({"n": "2", "s": "\t\u0041\t"})"
         "\n\n"
         R"({"s": null, "n": 3})"},
        {Column("s", kText), Column("n", kInteger)}, rows::FileFormat::kJsonLines);
  EXPECT_EQ(Rows("SELECT s, n, _line FROM t.v ORDER BY n"),
            (Texts{"Köln \"\n😀 far beyond twelve|1|1", "A|2|2", "NULL|3|4"}));
  ExpectHashesOfValues();
}

TEST_F(StagedRowsTest, ARowIsRejectedOrItsBreachesAreCounted) {
  auto id = Column("id", kInteger);
  id.required = true;
  auto count = Column("n", kInteger, OnBreach::kNull);
  count.min = "1";
  count.max = "+09";
  auto letter = Column("s", kText, OnBreach::kKeep);
  letter.values = {"a", "b"};
  auto day = Column("day", kDate);
  day.values = {"2023-5-1", "2023-05-02"};
  Stage({"id,n,s,day\n"
         "1,9,a,2023-05-01\n"
         ",5,a,2023-05-01\n"
         "x,5,a,\n"
         "\n"
         "2,10,b,2023-5-2\n"
         "3,1e3,c,\n"
         "4,50,a,2023-06-01\n"
         "5,5,a,2023-05-01,what\n"
         "6,0,,\n"},
        {id, count, letter, day});
  EXPECT_EQ(Rows("SELECT id, n, s, day, _line FROM t.v ORDER BY _line"),
            (Texts{"1|9|a|2023-05-01|2", "2|NULL|b|2023-05-02|6", "3|NULL|c|NULL|7", "6|NULL|NULL|NULL|10"}));
  const auto& file = staged_->files()[0];
  EXPECT_EQ(file.rows_read, 8);
  Lines rejected;
  for (const auto& place : file.rejected) rejected.push_back(place.line);
  EXPECT_EQ(rejected, (Lines{3, 4, 8, 9}));
  std::vector<std::tuple<uint32_t, uint16_t, Rule>> breaches;
  for (const auto& breach : file.breaches) breaches.emplace_back(breach.row, breach.column, breach.rule);
  // What a rejected row breaks beside is not counted.
  EXPECT_EQ(breaches, (decltype(breaches){
                          {1, 1, Rule::kRange}, {2, 1, Rule::kType}, {2, 2, Rule::kRange}, {3, 1, Rule::kRange}}));
  ExpectHashesOfValues();
  scan_.places = file.rejected;
  database_->DefineRawScan("raw.rejected", scan_);
  EXPECT_EQ(Rows("SELECT _line, _record FROM raw.rejected ORDER BY _line"),
            (Texts{"3|,5,a,2023-05-01", "4|x,5,a,", "8|4,50,a,2023-06-01", "9|5,5,a,2023-05-01,what"}));
}

TEST_F(StagedRowsTest, RulesHoldForDecimalsOfMoreThan18Digits) {
  auto amount = Column("amount", Decimal(38, 2));
  amount.min = "-100000000000000000000000000000.01";
  amount.max = "100000000000000000000000000000.";
  auto one = Column("one", Decimal(20, 0), OnBreach::kNull);
  one.values = {"18446744073709551617", "0"};
  Stage({"amount,one\n"
         "-100000000000000000000000000000.01,18446744073709551617\n"
         "-100000000000000000000000000000.02,0\n"
         "100000000000000000000000000000,1\n"
         "100000000000000000000000000000.01,0\n"
         "1e3,0\n"
         ",99999999999999999999\n"},
        {amount, one});
  EXPECT_EQ(Rows("SELECT amount, one, _line FROM t.v ORDER BY _line"),
            (Texts{"-100000000000000000000000000000.01|18446744073709551617|2",
                   "100000000000000000000000000000.00|NULL|4", "NULL|NULL|7"}));
  EXPECT_EQ(staged_->files()[0].rejected.size(), 3U);
  EXPECT_EQ(staged_->files()[0].breaches.size(), 2U);
  ExpectHashesOfValues();
}

TEST_F(StagedRowsTest, RowsThatWereLeftOutAreNotGiven) {
  Stage({"k\n1\n2\n3\n", "k\n4\n5\n"}, {Column("k", kInteger)});
  staged_->LeaveOut({0, 1}, StagedRows::kRejected);
  staged_->LeaveOut({1, 0}, StagedRows::kRepeated);
  EXPECT_EQ(Rows("SELECT k FROM t.v ORDER BY k"), (Texts{"1", "3", "4", "5"}));
  Define([](StagedScan& scan) { scan.each_key_once = true; });
  EXPECT_EQ(Rows("SELECT k FROM t.v ORDER BY k"), (Texts{"1", "3", "5"}));
  EXPECT_EQ(staged_->Keys({0}, 2).size(), 4U) << "a repeated row still has its key";
  EXPECT_TRUE(staged_->IsRejected({0, 1}));
  EXPECT_FALSE(staged_->IsRejected({1, 0}));
}

TEST_F(StagedRowsTest, ChosenRowsComeInTheirOrder) {
  Stage({"k\na\nb\nc\n", "k\nd\ne\n", "k\n"}, {Column("k", kText)});
  Define([](StagedScan& scan) { scan.only = {{1, 1}, {0, 2}, {1, 0}, {0, 0}}; });
  EXPECT_EQ(Rows("SELECT k, _file, _row FROM t.v"), (Texts{"e|1|4294967297", "c|0|2", "d|1|4294967296", "a|0|0"}));
  Define([](StagedScan& scan) { scan.only.emplace(); });
  EXPECT_EQ(Rows("SELECT k FROM t.v"), Texts{});
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM t.v"), 0);
}

TEST_F(StagedRowsTest, RowsAreHiddenFromOneEngineUntilAllAreShown) {
  Stage({"k\na\nb\nc\n"}, {Column("k", kText)});
  const std::string count = "SELECT count(*) FROM t.v";
  database_->ShowOnly("t.v", {{{0, 2}, {0, 0}}});
  EXPECT_EQ(Rows("SELECT k FROM t.v"), (Texts{"c", "a"}));
  database_->RunEach(2, [&](size_t i, Engine& engine) {
    auto& beside = dynamic_cast<Database&>(engine);
    EXPECT_EQ(beside.QueryInteger(count), 3);
    if (i == 0) beside.ShowOnly("t.v", {{{0, 1}}});
    EXPECT_EQ(beside.QueryInteger(count), i == 0 ? 1 : 3);
    if (i == 0) beside.ShowOnly("t.v", std::nullopt);
    EXPECT_EQ(beside.QueryInteger(count), 3);
  });
  EXPECT_EQ(database_->QueryInteger(count), 2);
  database_->ShowOnly("t.v", std::nullopt);
  EXPECT_EQ(database_->QueryInteger(count), 3);
  database_->ShowOnly("t.v", {{{0, 2}}});
  Define([](StagedScan&) {});
  EXPECT_EQ(database_->QueryInteger(count), 3) << "a scan that is defined anew is seen whole";
}

TEST_F(StagedRowsTest, EnginesSideBySideSeeAndDefineForAll) {
  Stage({"k\n1\n2\n"}, {Column("k", kInteger)});
  constexpr size_t kCalls = 20;
  database_->RunEach(kCalls, [&](size_t i, Engine& engine) {
    engine.DefineRows(fmt::format("made.t{}", i), fmt::format("SELECT k + {} AS k FROM t.v", i));
    engine.DefineView(fmt::format("seen.t{}", i), fmt::format("SELECT * FROM made.t{}", i));
  });
  for (size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(database_->QueryInteger(fmt::format("SELECT sum(k) FROM seen.t{}", i)), static_cast<int64_t>(3 + 2 * i));
  }
  ExpectError(base::ErrorKind::kInput, "no_such", [&] {
    database_->RunEach(kCalls, [](size_t i, Engine& engine) {
      if (i == 3) engine.DefineRows("made.t3", "SELECT * FROM no_such");
    });
  });
}

TEST_F(StagedRowsTest, ClusteredRowsComeByValueEachValueInOnePiece) {
  Texts files;
  for (int file = 0; file < 3; ++file) {
    std::string bytes = "day,k\n";
    for (int row = 0; row < 20'000; ++row) {
      int day = (row * 7 + file) % 5;
      bytes += day == 4 ? fmt::format(",{}\n", row) : fmt::format("2023-05-2{},{}\n", 3 - day, row);
    }
    files.push_back(bytes);
  }
  Stage(files, {Column("day", kDate), Column("k", kInteger)});
  staged_->LeaveOut({1, 0}, StagedRows::kRejected);
  staged_->LeaveOut({2, 0}, StagedRows::kRepeated);
  Define([](StagedScan& scan) { scan.each_key_once = true; });
  auto sorted = Rows("SELECT * EXCLUDE (_row) FROM t.v ORDER BY day NULLS FIRST, _file, _line");
  staged_->ClusterBy(0, 2);
  Define([](StagedScan& scan) {
    scan.by_cluster = true;
    scan.each_key_once = true;
  });
  auto clustered = Rows("SELECT * EXCLUDE (_row) FROM t.v");
  EXPECT_EQ(clustered.size(), 59'998U);
  EXPECT_TRUE(clustered == sorted);
}

TEST_F(StagedRowsTest, KeysAreSortedWithEqualOnesTogetherInTheOrderOfRows) {
  Texts files;
  for (int file = 0; file < 3; ++file) {
    std::string bytes = "a,b,other\n";
    for (int row = 0; row < 3000; ++row) bytes += fmt::format("{},{},{}\n", row % 400, row % 3 == 0 ? "" : "x", row);
    files.push_back(bytes);
  }
  Stage(files, {Column("a", kInteger), Column("b", kText), Column("other", kText)});
  staged_->LeaveOut({1, 7}, StagedRows::kRejected);
  auto keys = staged_->Keys({0, 1}, 2);
  ASSERT_EQ(keys.size(), 8999U);
  for (size_t i = 1; i < keys.size(); ++i) {
    auto place = [](const KeyedRow& key) { return std::tie(key.key_high, key.key_low, key.at.file, key.at.row); };
    ASSERT_LT(place(keys[i - 1]), place(keys[i]));
  }
  std::map<std::pair<uint32_t, uint32_t>, KeyedRow> of_row;
  for (const auto& key : keys) of_row[{key.at.file, key.at.row}] = key;
  EXPECT_FALSE(of_row.contains({1, 7}));
  int64_t rows = 0;
  database_->VisitIntegers(
      "SELECT _row, key_hash(0, CAST(a AS VARCHAR), b), key_hash(1, CAST(a AS VARCHAR), b), hash_prefix(_content_hash) "
      "FROM t.v",
      [&](const std::vector<int64_t>& row) {
        const auto& key = of_row.at({static_cast<uint32_t>(row[0] >> 32), static_cast<uint32_t>(row[0])});
        ASSERT_EQ(static_cast<int64_t>(key.key_high), row[1]);
        ASSERT_EQ(static_cast<int64_t>(key.key_low), row[2]);
        ASSERT_EQ(static_cast<int64_t>(key.content), row[3]);
        ++rows;
      });
  EXPECT_EQ(rows, 8999);
  EXPECT_EQ(staged_->KeyText({0, 401}, {0, 1}), "1/x");
  EXPECT_EQ(staged_->KeyText({0, 0}, {1, 0}), "/0");
}

TEST_F(StagedRowsTest, ATextThatIsReplacedChangesValueAndHash) {
  Stage({"k,s\n1,one\n2,two\n3,\n4,four\n"}, {Column("k", kInteger), Column("s", kText)});
  auto hash = std::string(staged_->HashOf({0, 0}));
  staged_->ReplaceText({0, 0}, 1, "a text that is longer than twelve bytes");
  staged_->ReplaceText({0, 1}, 1, std::nullopt);
  staged_->ReplaceText({0, 2}, 1, "");
  staged_->ReplaceText({0, 3}, 1, "123456789012");
  EXPECT_NE(staged_->HashOf({0, 0}), hash);
  EXPECT_EQ(Rows("SELECT k, s, s = '' FROM t.v ORDER BY k"), (Texts{"1|a text that is longer than twelve bytes|false",
                                                                    "2|NULL|NULL", "3||true", "4|123456789012|false"}));
  ExpectHashesOfValues();
}

TEST_F(StagedRowsTest, ARowIsFoundAgainByItsFileAndLine) {
  std::string bytes = "k\n";
  for (int row = 0; row < 1000; ++row) bytes += fmt::format("\"{}\n\"\n\n", row);
  Stage({bytes, bytes}, {Column("k", kInteger, OnBreach::kNull)});
  // A line feed is no blank: each record is no integer, and stays.
  for (uint32_t row : {0U, 255U, 256U, 999U}) {
    EXPECT_EQ(staged_->LineOf({1, row}), 2 + 3 * int64_t{row});
    EXPECT_EQ(staged_->RowAt(1, 2 + 3 * int64_t{row}), (StagedRow{1, row}));
  }
  scan_.places = {staged_->PlaceOf({0, 300}), staged_->PlaceOf({1, 0}), staged_->PlaceOf({1, 700})};
  database_->DefineRawScan("raw.chosen", scan_);
  EXPECT_EQ(Rows("SELECT _file, _line, trim(k, chr(10)) FROM raw.chosen ORDER BY ALL"),
            (Texts{"0|902|300", "1|2|0", "1|2102|700"}));
}

TEST_F(StagedRowsTest, CancellationEndsTheReading) {
  std::string bytes = "k\n";
  for (int row = 0; row < 10'000; ++row) bytes += "1\n";
  Stage({bytes}, {Column("k", kInteger)});
  std::atomic<bool> cancelled = false;
  int64_t rows_seen = 0;
  StagedRows::ReadOptions options;
  options.cancelled = &cancelled;
  options.on_read = [&](uint64_t, int64_t rows) {
    rows_seen += rows;
    cancelled = true;
  };
  ExpectError(base::ErrorKind::kUnavailable, "interrupted",
              [&] { StagedRows(*storage_, scan_, staged_->rules(), options); });
  EXPECT_LT(rows_seen, 10'000);
  database_->Interrupt();
  ExpectError(base::ErrorKind::kUnavailable, "interrupted", [&] { database_->Stage(scan_, staged_->rules()); });
}

TEST_F(StagedRowsTest, AViewThatIsDefinedAnewShowsTheNewRows) {
  Stage({"k\n1\n"}, {Column("k", kInteger)});
  EXPECT_EQ(Rows("SELECT k FROM t.v"), Texts{"1"});
  Stage({"k\n2\n3\n"}, {Column("k", kInteger)});
  EXPECT_EQ(Rows("SELECT k FROM t.v ORDER BY k"), (Texts{"2", "3"}));
  Stage({"name\nx\n"}, {Column("name", kText)});
  EXPECT_EQ(Rows("SELECT name FROM t.v"), Texts{"x"});
}

}  // namespace
}  // namespace qlake::engine
