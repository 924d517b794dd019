#include "model/staging.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;
using engine::QuoteName;
using Kind = base::ColumnType::Kind;
using Texts = std::vector<std::string>;

// Cleans a text in SQL only: what shouts is nothing it can read.
constexpr const char* kFunctions =
    "CREATE OR REPLACE MACRO upper_unless_loud(t) AS CASE WHEN contains(t, '!') THEN NULL ELSE upper(t) END;";

class StagingTest : public testing::Test {
 protected:
  StagingTest() : folder_(MakeFolder()), lake_({.root = folder_}, base::SystemClock()) {
    base::StartLog({.level = base::LogLevel::kError});
    lake_.DefineFunctions(lake_.database(), Project::BuiltIn().FunctionsSql("duckdb") + kFunctions);
  }
  ~StagingTest() override { std::filesystem::remove_all(folder_); }

  static std::string MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_staging_XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  // Stages files of the contract, and shows all their rows as raw.<source>.
  StagedSource Stage(const Contract& contract, const Texts& files) {
    std::vector<lake::FileRecord> records;
    engine::RawScan scan;
    scan.csv_shape = contract.ToSource().shape;
    for (const auto& bytes : files) {
      auto& record = records.emplace_back();
      record.seq = static_cast<int64_t>(records.size());
      record.name = fmt::format("{}_{}.csv", contract.name, records.size());
      record.file_id = record.name;
      record.path = "drop/" + record.name;
      record.bytes = static_cast<int64_t>(bytes.size());
      lake_.storage().Write(record.path, bytes);
      scan.files.push_back({record.path, 0, bytes.size(), 0});
      scan.formats.push_back(rows::FileFormat::kCsv);
    }
    lake_.database().DefineRawScan("raw." + contract.name, std::move(scan));
    return {lake_, contract, std::move(records)};
  }

  Texts Rows(const std::string& sql) {
    Texts rows;
    for (const auto& row : lake_.database().Query(sql).rows) {
      std::string text;
      for (const auto& cell : row) text += (text.empty() ? "" : "|") + cell.value_or("NULL");
      rows.push_back(text);
    }
    return rows;
  }

  static Texts ChecksOf(const StagedSource& source) {
    Texts checks;
    for (const auto& check : source.checks()) {
      checks.push_back(fmt::format("{} {} {}", check.name, check.on_violation, check.rows_failed));
    }
    return checks;
  }

  std::string folder_;
  lake::Lake lake_;
};

Contract Parse(const std::string& toml) { return ParseContract("sources/x.toml", toml); }

std::string PatternContract(const std::string& on_violation) {
  return fmt::format(R"(
file = "x_*.csv"
key = ["id"]
[[column]]
name = "id"
type = "INTEGER"
[[column]]
name = "code"
pattern = "[A-Z]{{2}}[0-9]+"
on_violation = "{0}"
[[column]]
name = "word"
clean = "upper_unless_loud"
range = {{ min = "B" }}
on_violation = "{0}"
)",
                     on_violation);
}

constexpr const char* kPatternFile =
    "id,code,word\n"
    "1,AB12,bee\n"
    "2,ab12,bee\n"
    "3,AB12,bee!\n"
    "4,AB12, ant \n"
    "5,,\n"
    "6,AB,ant\n";

TEST_F(StagingTest, WhatOnlySqlCanJudgeIsQuarantined) {
  auto contract = Parse(PatternContract("quarantine"));
  auto source = Stage(contract, {kPatternFile});
  EXPECT_EQ(Rows("SELECT id, code, word FROM staged.x ORDER BY id"), (Texts{"1|AB12|BEE", "5|NULL|NULL"}));
  EXPECT_EQ(
      Rows("SELECT _line, reasons FROM rejected.x ORDER BY _line"),
      (Texts{R"(3|["code: 'ab12' is not what the contract allows"])",
             R"(4|["word: 'bee!' is nothing that upper_unless_loud can read"])",
             R"(5|["word: 'ant' is not what the contract allows"])",
             R"(7|["code: 'AB' is not what the contract allows","word: 'ant' is not what the contract allows"])"}));
  EXPECT_EQ(source.counts()[0].accepted, 2);
  EXPECT_EQ(source.counts()[0].rejected, 4);
  EXPECT_EQ(ChecksOf(source), Texts{});
}

TEST_F(StagingTest, WhatOnlySqlCanJudgeBecomesNull) {
  auto contract = Parse(PatternContract("null"));
  auto source = Stage(contract, {kPatternFile});
  EXPECT_EQ(Rows("SELECT id, code, word FROM staged.x ORDER BY id"),
            (Texts{"1|AB12|BEE", "2|NULL|BEE", "3|AB12|NULL", "4|AB12|NULL", "5|NULL|NULL", "6|NULL|NULL"}));
  EXPECT_EQ(Rows("FROM rejected.x"), Texts{});
  EXPECT_EQ(ChecksOf(source),
            (Texts{"code is in range null 2", "word can be cleaned null 1", "word is in range null 2"}));
  EXPECT_EQ(Rows("SELECT id FROM staged.x WHERE _content_hash <> content_hash(CAST(id AS VARCHAR), code, word)"),
            Texts{});
}

TEST_F(StagingTest, WhatOnlySqlCanJudgeStaysWithAWarning) {
  auto contract = Parse(PatternContract("warn"));
  auto source = Stage(contract, {kPatternFile});
  EXPECT_EQ(Rows("SELECT id, code, word FROM staged.x ORDER BY id"),
            (Texts{"1|AB12|BEE", "2|ab12|BEE", "3|AB12|NULL", "4|AB12|ANT", "5|NULL|NULL", "6|AB|ANT"}));
  EXPECT_EQ(ChecksOf(source),
            (Texts{"code is in range warn 2", "word can be cleaned warn 1", "word is in range warn 2"}));
}

TEST_F(StagingTest, ARuleThatFailsTheStepNamesTheRow) {
  auto contract = Parse(PatternContract("fail"));
  try {
    Stage(contract, {kPatternFile});
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    EXPECT_NE(error.message().find("x_1.csv line 3: [\"code: 'ab12'"), std::string::npos) << error.message();
  }
}

// Broken checks come as bits, 62 in a column.
TEST_F(StagingTest, EachOfManyChecksIsToldApart) {
  std::string toml = "file = \"x_*.csv\"\nkey = [\"id\"]\n[[column]]\nname = \"id\"\ntype = \"INTEGER\"\n";
  constexpr int kChecks = 130;
  std::string file = "id\n";
  Texts expected;
  for (int i = 0; i < kChecks; ++i) {
    bool rejects = i % 10 == 1;
    toml += fmt::format("[[check]]\nname = \"not_{0}\"\nsql = \"id <> {0}\"\non_violation = \"{1}\"\n", i,
                        rejects ? "quarantine" : "warn");
    file += fmt::format("{}\n", i);
    if (!rejects) expected.push_back(fmt::format("not_{} warn 1", i));
  }
  file += "\"\"\n1000\n";
  // A row of nothing breaks all: a condition that is unknown does not hold.
  auto contract = Parse(toml);
  auto source = Stage(contract, {file});
  EXPECT_EQ(ChecksOf(source), expected);
  EXPECT_EQ(source.counts()[0].rejected, kChecks / 10 + 1);
  EXPECT_EQ(Rows("SELECT count(*), max(id), count(id) FROM staged.x"), Texts{"118|1000|118"});
  EXPECT_EQ(Rows("SELECT reasons FROM rejected.x WHERE _line = 73"),
            Texts{R"x(["not_71: does not hold (id <> 71)"])x"});
}

// A contract with every type and every rule, what breaks them going one way or the other by chance.
class RandomSource {
 public:
  explicit RandomSource(uint32_t seed) : random_(seed) {
    std::string toml = "file = \"x_*.csv\"\nkey = [\"id\"]\noptional_trailing = [\"last\"]\n";
    Column(toml, "id", "INTEGER", "required = true", {"quarantine"});
    Column(toml, "number", "INTEGER", "range = { min = -5, max = \"+0050\" }", {"quarantine", "null"});
    Column(toml, "listed", "INTEGER", "values = [\"1\", \"-07\", \"+3\"]", {"quarantine", "null"});
    Column(toml, "big", "BIGINT", "range = { min = \"-9223372036854775808\", max = 1000000000000 }",
           {"quarantine", "null"});
    Column(toml, "day", "DATE", "range = { min = \"2020-1-1\", max = \"2024-02-29\" }", {"quarantine", "null"});
    Column(toml, "any_day", "DATE", "", {"null"});
    Column(toml, "holiday", "DATE", "values = [\"2023-5-1\", \"2023-12-25\"]", {"quarantine", "null"});
    Column(toml, "flag", "BOOLEAN", "", {"quarantine", "null"});
    Column(toml, "yes", "BOOLEAN", "values = [\"Yes\"]", {"quarantine", "null"});
    Column(toml, "price", "DECIMAL(9,2)", "range = { min = \"0.5\", max = \"+1000.\" }", {"quarantine", "null"});
    Column(toml, "small", "DECIMAL(4,4)", "values = [\"0.5\", \"-0.25\", \"0\"]", {"quarantine", "null"});
    Column(toml, "long_price", "DECIMAL(18,6)", "", {"null"});
    Column(toml, "wide", "DECIMAL(38,3)", "range = { min = \"-1\", max = \"99999999999999999999\" }",
           {"quarantine", "null"});
    Column(toml, "wide_listed", "DECIMAL(20,0)", "values = [\"18446744073709551616\", \"1.\"]", {"quarantine", "null"});
    Column(toml, "mail", "TEXT", "clean = \"clean_email\"", {"quarantine", "null", "warn"});
    Column(toml, "word", "TEXT", "range = { min = \"b\", max = \"\u00f6\" }", {"quarantine", "null", "warn"});
    Column(toml, "kind", "TEXT", "values = [\"yes\", \"it's\", \"\u00e9\"]", {"quarantine", "null", "warn"});
    Column(toml, "code", "TEXT", "pattern = \"[A-Za-z]+[0-9]*\"", {"quarantine", "null", "warn"});
    Column(toml, "loud", "TEXT", "clean = \"upper_unless_loud\"\nvalues = [\"YES\", \"1\"]",
           {"quarantine", "null", "warn"});
    Column(toml, "last", "TEXT", "", {"quarantine"});
    toml += "[[derived]]\nname = \"twice\"\nsql = \"2 * CAST(number AS BIGINT)\"\n";
    toml += "[[check]]\nname = \"odd\"\nsql = \"twice IS NULL OR twice <> 84\"\n";
    contract = ParseContract("sources/x.toml", toml);
  }

  std::string File(int rows) {
    std::string bytes;
    for (const auto& column : contract.columns) bytes += (bytes.empty() ? "" : ",") + column.name;
    bytes += "\n";
    for (int row = 0; row < rows; ++row) {
      if (Chance(30)) bytes += "\n";
      size_t fields = contract.columns.size() - (Chance(20) ? 1 : 0) - (Chance(60) ? 1 : 0);
      for (size_t i = 0; i < fields; ++i) bytes += (i == 0 ? "" : ",") + Quoted(Cell(contract.columns[i], row));
      bytes += row + 1 == rows && Chance(2) ? "" : "\n";
    }
    return bytes;
  }

  Contract contract;

 private:
  void Column(std::string& toml, const std::string& name, const std::string& type, const std::string& rule,
              const Texts& on_violation) {
    toml += fmt::format("[[column]]\nname = \"{}\"\ntype = \"{}\"\n{}\non_violation = \"{}\"\n", name, type, rule,
                        Pick(on_violation));
  }

  bool Chance(uint32_t one_in) { return random_() % one_in == 0; }
  const std::string& Pick(const Texts& texts) { return texts[random_() % texts.size()]; }

  std::string Cell(const ContractColumn& column, int row) {
    static const Texts kOdd = {"",
                               " ",
                               "\t",
                               " 7 ",
                               "+5",
                               "-5",
                               "+-5",
                               "--5",
                               "007",
                               "-0",
                               "1.",
                               ".5",
                               ".",
                               "+",
                               "-",
                               "+1.50",
                               "1.500",
                               "1.505",
                               "1e3",
                               "1E3",
                               "0x10",
                               "1_000",
                               "1,000",
                               "12.5.1",
                               "5 0",
                               "\xC2\xA0"
                               "5",
                               "\u0665",
                               "nan",
                               "inf",
                               "-.25",
                               "-.",
                               "+.5",
                               "2147483647",
                               "2147483648",
                               "-2147483648",
                               "-2147483649",
                               "9223372036854775807",
                               "9223372036854775808",
                               "-9223372036854775808",
                               "-9223372036854775809",
                               "18446744073709551616",
                               "99999999999999999999",
                               "100000000000000000000000000000000000000",
                               "99999999999999999999999999999999999.999",
                               "-99999999999999999999999999999999999.999",
                               "99999999999999999999999999999999999.9990",
                               "0000000000000000000000000000000000000000000001.5",
                               "9999999.99",
                               "10000000",
                               "0.50000",
                               "0.99999",
                               "1000.00",
                               "1000.01",
                               "0.49",
                               "2023-5-1",
                               "2023-05-01",
                               "2023-5-01 ",
                               "\t2023-12-25",
                               "2023-02-29",
                               "2024-2-29",
                               "2024-02-30",
                               "2023-13-01",
                               "2023-00-10",
                               "0000-01-01",
                               "0001-01-01",
                               "9999-12-31",
                               "10000-01-01",
                               "2023/05/01",
                               "2023-05-01T00:00:00",
                               "20230501",
                               "2019-12-31",
                               "2020-01-01",
                               "Yes",
                               "yes",
                               "YES",
                               "no",
                               "t",
                               "F",
                               "y",
                               "N",
                               "1",
                               "0",
                               "true",
                               "TRUE ",
                               "truee",
                               "oui",
                               "on",
                               "2",
                               "a@b.org",
                               "a@b.comm;",
                               "a b@c.org",
                               "@b.org",
                               "a@b",
                               "it's",
                               "\u00e9",
                               "e\u0301",
                               "\u00f6",
                               "\u00f6a",
                               "b",
                               "a",
                               "\U0001F600",
                               "say \"hi\"",
                               "two\nlines",
                               "loud!",
                               "NULL",
                               "null",
                               "yes!",
                               std::string(13, 'x'),
                               std::string(40, 'Z'),
                               "back\\slash",
                               "%",
                               "_"};
    if (Chance(column.name == "id" ? 40 : 12)) return Pick(kOdd);
    if (Chance(8)) return "";
    switch (column.type.kind) {
      case Kind::kInteger:
        return column.name == "id"       ? std::to_string(row)
               : column.name == "listed" ? Pick({"1", "-7", "3", "+01"})
                                         : std::to_string(random_() % 50);
      case Kind::kLong:
        return std::to_string(static_cast<int64_t>(random_()) * -1'000'000'007);
      case Kind::kDate:
        return column.name == "holiday"
                   ? Pick({"2023-5-1", "2023-05-1", "2023-12-25"})
                   : fmt::format("202{}-{}-{}", random_() % 4, 1 + random_() % 12, 1 + random_() % 28);
      case Kind::kBoolean:
        return column.name == "yes" ? Pick({"Yes", "t", "1", "TRUE"}) : Pick({"Yes", "No", "t", "f", "1", "0"});
      case Kind::kDecimal:
        if (column.name == "small") return Pick({"00.5", "-0.2500", "0", "-0", "+0.50"});
        if (column.name == "wide_listed") return Pick({"18446744073709551616", "01", "1.0"});
        return fmt::format("{}{}.{:02}", Pick({"", "+", "0"}), 1 + random_() % 900, random_() % 100);
      default:
        if (column.name == "mail") return Pick({"ann@x.comm", "bo@y.org;", "c@z.net"});
        if (column.name == "word") return Pick({"bee", "cat and dog together", "dog"});
        if (column.name == "kind") return Pick({"yes", " it's ", "\u00e9"});
        if (column.name == "code") return Pick({"AB1", "x", "Zebra42"});
        return Pick({"yes", "1", "Yes "});
    }
  }

  static std::string Quoted(const std::string& cell) {
    if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
  }

  std::mt19937 random_;
};

// What SQL makes of a column of raw texts.
std::string ValueInSql(const ContractColumn& column) {
  std::string text = fmt::format("clean_text(r.{})", column.name);
  auto type = base::FormatSqlType(column.type);
  auto of_type = [&](const std::string& value) {
    if (column.type.kind == Kind::kString) return value;
    if (column.type.kind == Kind::kInteger) return fmt::format("parse_integer({})", value);
    if (column.type.kind == Kind::kLong) return fmt::format("parse_bigint({})", value);
    if (column.type.kind == Kind::kDate) return fmt::format("parse_date({})", value);
    if (column.type.kind == Kind::kBoolean) return fmt::format("parse_boolean({})", value);
    return fmt::format("CASE WHEN is_decimal({0}, {1}, {2}) THEN CAST({0} AS {3}) END", value, column.type.precision,
                       column.type.scale, type);
  };
  std::string value = column.clean.empty() ? of_type(text) : fmt::format("{}({})", column.clean, text);
  if (column.on_violation != OnViolation::kNull) return value;
  std::string holds = "TRUE";
  if (column.range_min) holds += fmt::format(" AND {} >= {}", value, of_type(QuoteLiteral(*column.range_min)));
  if (column.range_max) holds += fmt::format(" AND {} <= {}", value, of_type(QuoteLiteral(*column.range_max)));
  if (!column.pattern.empty())
    holds += fmt::format(" AND regexp_full_match({}, {})", value, QuoteLiteral(column.pattern));
  std::string is_listed = column.values.empty() ? "TRUE" : "FALSE";
  for (const auto& listed : column.values)
    is_listed += fmt::format(" OR {} = {}", value, of_type(QuoteLiteral(listed)));
  return fmt::format("CASE WHEN {} AND ({}) THEN {} END", holds, is_listed, value);
}

TEST_F(StagingTest, TheReaderJudgesAsSqlDoesWhateverTheCells) {
  constexpr int kRowsPerFile = 700;
  int64_t rows = 0;
  int64_t accepted = 0;
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomSource random(seed);
    const auto& contract = random.contract;
    auto source = Stage(contract, {random.File(kRowsPerFile), random.File(kRowsPerFile)});
    lake_.database().Run("CREATE OR REPLACE TABLE expected AS SELECT _file, _line, reasons FROM (" +
                         RejectedSql(contract, "raw.x", SqlDialect::kDuckdb) + ")");
    EXPECT_EQ(Rows("SELECT _file, _line, reasons FROM rejected.x EXCEPT FROM expected"), Texts{});
    EXPECT_EQ(Rows("FROM expected EXCEPT SELECT _file, _line, reasons FROM rejected.x"), Texts{});
    EXPECT_EQ(Rows("(SELECT _file, _line FROM raw.x EXCEPT SELECT _file, _line FROM staged.x) EXCEPT SELECT _file, "
                   "_line FROM expected"),
              Texts{});
    EXPECT_EQ(Rows("SELECT _file, _line FROM staged.x INTERSECT SELECT _file, _line FROM expected"), Texts{});
    Texts texts;
    Texts wrong;
    for (const auto& column : contract.columns) {
      texts.push_back(fmt::format("CAST(s.{} AS VARCHAR)", column.name));
      wrong.push_back(
          fmt::format("CASE WHEN s.{0} IS DISTINCT FROM {1} THEN concat('{0}: ', r.{0}, ' was staged as ', s.{0}) END",
                      column.name, ValueInSql(column)));
    }
    wrong.push_back(
        fmt::format("CASE WHEN s._content_hash <> content_hash({}) THEN '_content_hash' END", fmt::join(texts, ", ")));
    EXPECT_EQ(Rows(fmt::format("FROM (SELECT r._file, r._line, concat_ws('; ', {}) AS wrong FROM raw.x AS r JOIN "
                               "staged.x AS s ON r._file = s._file AND r._line = s._line) WHERE wrong <> ''",
                               fmt::join(wrong, ", "))),
              Texts{});
    rows += lake_.database().QueryInteger("SELECT count(*) FROM raw.x");
    accepted += lake_.database().QueryInteger("SELECT count(*) FROM staged.x");
  }
  // Enough of both, or the cells are not what they should be.
  EXPECT_GT(rows, 7000);
  EXPECT_GT(accepted, rows / 10);
  EXPECT_LT(accepted, rows * 9 / 10);
}

}  // namespace
}  // namespace qlake::model
