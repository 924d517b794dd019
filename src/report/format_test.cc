#include "report/format.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "report/display_width.h"
#include "report/utf8.h"

namespace qlake::report {
namespace {

using engine::Result;
using engine::ResultCell;
using engine::ResultRow;

Result OneColumn(const std::vector<ResultCell>& cells) {
  Result result;
  result.columns = {{"text", "VARCHAR"}};
  for (const auto& cell : cells) result.rows.push_back({cell});
  return result;
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

// RFC 4180 back to rows, by another way than it was written: a field that has quotes is a text, an empty one NULL.
std::vector<ResultRow> ParseCsv(const std::string& csv) {
  std::vector<ResultRow> rows(1);
  std::string field;
  bool was_quoted = false;
  bool is_quoted = false;
  auto end_field = [&] {
    rows.back().push_back(field.empty() && !was_quoted ? ResultCell() : ResultCell(field));
    field.clear();
    was_quoted = false;
  };
  for (size_t i = 0; i < csv.size(); ++i) {
    if (is_quoted) {
      bool doubled = csv[i] == '"' && i + 1 < csv.size() && csv[i + 1] == '"';
      if (csv[i] == '"' && !doubled) {
        is_quoted = false;
      } else {
        field += csv[i];
        i += doubled ? 1 : 0;
      }
    } else if (csv[i] == '"') {
      is_quoted = was_quoted = true;
    } else if (csv[i] == ',') {
      end_field();
    } else if (csv[i] == '\n') {
      end_field();
      rows.emplace_back();
    } else {
      field += csv[i];
    }
  }
  rows.pop_back();  // What follows the last line feed is nothing.
  rows.erase(rows.begin());
  return rows;
}

// Strings that break programs, and some of our own that are no UTF-8 or command a terminal.
std::vector<std::string> NaughtyStrings() {
  std::vector<std::string> strings = {"\x1b[2J\x1b]0;owned\x07",
                                      std::string("a\0b", 3),
                                      "\xff\xfe",
                                      "a\r\nb",
                                      "|\\|",
                                      "\xc2\x9b"
                                      "31m",
                                      "\xe2\x80\xae"
                                      "evil",
                                      "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9",
                                      "\xc3",
                                      ""};
  std::ifstream stream(std::filesystem::path(QLAKE_SHARED) / "suites/naughty/blns.json");
  auto suite = base::Json::parse(stream, nullptr, false);
  if (suite.is_array()) {
    for (const auto& text : suite) strings.push_back(text.get<std::string>());
  }
  return strings;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    auto next = ReadUtf8(text);
    if (!next.is_valid) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

class NaughtyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (strings_.size() < 100) GTEST_SKIP() << "SKIPPED: the naughty strings are not in " << QLAKE_SHARED;
    for (const auto& text : strings_) result_.rows.push_back({text, ResultCell()});
    result_.columns = {{"text", "VARCHAR"}, {"nothing", "VARCHAR"}};
  }

  std::vector<std::string> strings_ = NaughtyStrings();
  Result result_;
};

TEST_F(NaughtyTest, JsonParsesBackToEqualTexts) {
  auto json = base::Json::parse(FormatResult(result_, Format::kJson));
  ASSERT_EQ(json.size(), strings_.size());
  for (size_t i = 0; i < strings_.size(); ++i) {
    EXPECT_TRUE(json[i]["nothing"].is_null());
    if (!IsUtf8(strings_[i])) continue;  // JSON has no bytes.
    EXPECT_EQ(json[i]["text"].get<std::string>(), strings_[i]);
  }
}

TEST_F(NaughtyTest, JsonHasOneObjectALine) {
  EXPECT_EQ(SplitLines(FormatResult(result_, Format::kJson)).size(), strings_.size() + 2);
}

TEST_F(NaughtyTest, CsvParsesBackToEqualBytes) {
  EXPECT_EQ(ParseCsv(FormatResult(result_, Format::kCsv)), result_.rows);
}

TEST_F(NaughtyTest, ATableHasOneLineARowAndNothingThatATerminalObeys) {
  std::string table = FormatResult(result_, Format::kTable);
  auto lines = SplitLines(table);
  EXPECT_EQ(lines.size(), strings_.size() + 2);
  for (const auto& line : lines) EXPECT_EQ(Printable(line), line);
}

TEST_F(NaughtyTest, EveryTableLineReachesTheSecondColumnAtTheSamePlace) {
  auto lines = SplitLines(FormatResult(result_, Format::kTable));
  size_t place = DisplayWidth(lines[0].substr(0, lines[0].find("nothing")));
  for (size_t i = 2; i < lines.size(); ++i) {
    EXPECT_EQ(DisplayWidth(lines[i].substr(0, lines[i].rfind("NULL"))), place) << lines[i];
  }
}

TEST_F(NaughtyTest, MarkdownHasOneLineARowWithThreeFreePipes) {
  auto lines = SplitLines(FormatResult(result_, Format::kMarkdown));
  ASSERT_EQ(lines.size(), strings_.size() + 2);
  for (const auto& line : lines) {
    int pipes = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\') {
        ++i;  // Whatever stands behind a backslash is escaped.
      } else {
        pipes += line[i] == '|' ? 1 : 0;
      }
    }
    EXPECT_EQ(pipes, 3) << line;
  }
}

TEST_F(NaughtyTest, HtmlHasNoTagButItsOwn) {
  std::string html = FormatResult(result_, Format::kHtml);
  std::string body = html.substr(html.find("<tbody>"));
  for (const char* tag : {"<tbody>", "</tbody>", "<tr>", "</tr>", "<td>", "<td class=\"null\">", "</td>", "</table>",
                          "</body>", "</html>"}) {
    for (size_t at; (at = body.find(tag)) != std::string::npos;) body.erase(at, std::string_view(tag).size());
  }
  EXPECT_EQ(body.find('<'), std::string::npos);
  EXPECT_EQ(body.find('>'), std::string::npos);
}

TEST(CsvTest, NullIsEmptyAndAnEmptyTextIsQuoted) {
  Result result;
  result.columns = {{"a", "VARCHAR"}, {"b,c", "VARCHAR"}};
  result.rows = {{ResultCell(), ""}, {"x\"y", "line\nfeed"}};
  EXPECT_EQ(FormatResult(result, Format::kCsv), "a,\"b,c\"\n,\"\"\n\"x\"\"y\",\"line\nfeed\"\n");
}

TEST(JsonTest, CellsKeepTheirJsonTypes) {
  Result result;
  result.columns = {{"price", "DECIMAL(18,4)"}, {"units", "INTEGER", false, true}, {"ratio", "DOUBLE", false, true}};
  result.rows = {{"0.0300", "3", "NaN"}};
  EXPECT_EQ(FormatResult(result, Format::kJson), "[\n{\"price\":\"0.0300\",\"units\":3,\"ratio\":\"NaN\"}\n]\n");
}

TEST(JsonTest, NoRowsAreAnEmptyArray) { EXPECT_EQ(FormatResult(OneColumn({}), Format::kJson), "[]\n"); }

TEST(JsonTest, ASecondColumnOfTheSameNameGetsANumber) {
  Result result;
  result.columns = {{"id", "VARCHAR"}, {"id", "VARCHAR"}, {"id_2", "VARCHAR"}};
  result.rows = {{"a", "b", "c"}};
  EXPECT_EQ(FormatResult(result, Format::kJson), "[\n{\"id\":\"a\",\"id_3\":\"b\",\"id_2\":\"c\"}\n]\n");
}

TEST(TableTest, NumbersStandRightAndWideCharactersCountTwice) {
  Result result;
  result.columns = {{"name", "VARCHAR"}, {"units", "INTEGER", false, true}};
  result.rows = {{"日本", "1"}, {"Zoë", "22"}, {ResultCell(), "333"}};
  EXPECT_EQ(FormatResult(result, Format::kTable),
            "name  units\n"
            "────  ─────\n"
            "日本      1\n"
            "Zoë      22\n"
            "NULL    333\n");
}

TEST(TableTest, LongCellsAreCutWithAnEllipsisAndOnlyThere) {
  FormatOptions options;
  options.cell_width_max = 5;
  std::string table = FormatResult(OneColumn({"abcdef"}), Format::kTable, options);
  EXPECT_NE(table.find("\nabcd…\n"), std::string::npos) << table;
  EXPECT_NE(FormatResult(OneColumn({"abcdef"}), Format::kMarkdown, options).find("abcdef"), std::string::npos);
}

TEST(TableTest, BarsAreAsLongAsTheValues) {
  Result result;
  result.columns = {{"units", "INTEGER", false, true}};
  result.rows = {{"100"}, {"50"}, {"6"}, {"0"}, {ResultCell()}, {"-5"}};
  FormatOptions options;
  options.bar = BarOptions{"units", 4};
  EXPECT_EQ(FormatResult(result, Format::kTable, options),
            "units\n"
            "─────\n"
            "  100  ████\n"
            "   50  ██\n"
            "    6  ▎\n"
            "    0\n"
            " NULL\n"
            "   -5\n");
}

TEST(TableTest, ABarOfAColumnThatIsNotThereIsAnError) {
  FormatOptions options;
  options.bar = BarOptions{"unitz"};
  EXPECT_THROW(FormatResult(OneColumn({"a"}), Format::kTable, options), base::Error);
}

TEST(TableTest, NoRowsAreSaid) { EXPECT_EQ(FormatResult(OneColumn({}), Format::kTable), "text\n────\n(no rows)\n"); }

TEST(MarkdownTest, PipesNewlinesAndMarkupAreEscaped) {
  EXPECT_EQ(FormatResult(OneColumn({"a|b\r\nc<d> *e* product_id _f_"}), Format::kMarkdown),
            "| text |\n| --- |\n| a\\|b<br>c&lt;d> \\*e\\* product_id \\_f\\_ |\n");
}

TEST(FormatNameTest, EveryFormatIsFoundByItsName) {
  for (Format format : AllFormats()) EXPECT_EQ(ParseFormat(NameOf(format)), format);
  EXPECT_EQ(ParseFormat("xml"), std::nullopt);
}

}  // namespace
}  // namespace qlake::report
