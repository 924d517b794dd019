#include <gtest/gtest.h>

#include "base/error.h"
#include "rows/reader.h"
#include "rows/reading_test.h"

namespace qlake::rows {
namespace {

using std::string_literals::operator""s;

TEST(CsvReaderTest, ReadsRowsWithTheirLinesAndRecords) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,2\n3,4\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[0].record, "1,2");
  EXPECT_EQ(rows[0].cells, (Texts{"1", "2"}));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[1].cells, (Texts{"3", "4"}));
  EXPECT_EQ(rows[1].error, "");
}

TEST(CsvReaderTest, ReadsCrlfAndAByteOrderMarkAndALastLineWithoutEnd) {
  const std::string bytes =
      "\xEF\xBB\xBF"
      "a,b\r\n1,2\r\n3,4";
  const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells, (Texts{"1", "2"}));
  EXPECT_EQ(rows[0].record, "1,2");
  EXPECT_EQ(rows[1].cells, (Texts{"3", "4"}));
  EXPECT_EQ(Reader(bytes, ShapeOf({"a", "b"})).header(), "a,b");
}

TEST(CsvReaderTest, BindsColumnsByNameInAnyOrderCaseAndBlanks) {
  RowShape shape = ShapeOf({"id", "name", "city"});
  shape.columns[1].aliases = {"nmae"};
  const std::vector<OwnedRow> rows = ReadAll(" NMAE ,\"ID\"\nbob,7\n", shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].cells, (Texts{"7", "bob", std::nullopt}));
}

TEST(CsvReaderTest, AnEmptyFieldIsPresentAndALeftOutTrailingOneIsAbsent) {
  RowShape shape = ShapeOf({"a", "b", "c", "d"});
  shape.optional_trailing = {"c", "d"};
  const std::vector<OwnedRow> rows = ReadAll("a,b,c,d\n1,,,\n1,2,3\n1,2\n1\n", shape);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].cells, (Texts{"1", "", "", ""}));
  EXPECT_EQ(rows[1].cells, (Texts{"1", "2", "3", std::nullopt}));
  EXPECT_EQ(rows[2].cells, (Texts{"1", "2", std::nullopt, std::nullopt}));
  EXPECT_EQ(rows[3].error, "has 1 fields, the header names 4");
  EXPECT_EQ(rows[3].cells, (Texts(4, std::nullopt)));
}

TEST(CsvReaderTest, AColumnMayBeLeftOutOnlyWhenItIsTheHeadersLast) {
  RowShape shape = ShapeOf({"a", "b", "c"});
  shape.optional_trailing = {"b"};
  const std::vector<OwnedRow> rows = ReadAll("a,b,c\n1,2\n", shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "has 2 fields, the header names 3");
}

TEST(CsvReaderTest, TooManyFieldsAreOneBadRowWithItsWholeRecord) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,2,3\r\n4,5\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "has 3 fields, the header names 2");
  EXPECT_EQ(rows[0].record, "1,2,3");
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[1].cells, (Texts{"4", "5"}));
}

TEST(CsvReaderTest, UnquotesFields) {
  const std::vector<OwnedRow> rows =
      ReadAll("a,b\n\"alexander.brown@gmail.com\"\"\",\"\"\n\"x, \"\"y\"\"\",\"\"\"\"\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells, (Texts{"alexander.brown@gmail.com\"", ""}));
  EXPECT_EQ(rows[1].cells, (Texts{"x, \"y\"", "\""}));
}

TEST(CsvReaderTest, AQuoteOrBackslashInsideAnUnquotedFieldIsText) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\nx\"y\"\",\\\n \"1\",\\\"\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells, (Texts{"x\"y\"\"", "\\"}));
  EXPECT_EQ(rows[1].cells, (Texts{" \"1\"", "\\\""}));
}

TEST(CsvReaderTest, ACarriageReturnAloneIsText) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1\r,2\r3\n\"4\r\",\"5\r\n\"\r\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells, (Texts{"1\r", "2\r3"}));
  EXPECT_EQ(rows[1].cells, (Texts{"4\r", "5\r\n"}));
}

TEST(CsvReaderTest, AFieldOverSeveralLinesIsGoodAndLaterLinesCountPhysically) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n\"1\n2\r\n\n3\",x\n4,y\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells, (Texts{"1\n2\r\n\n3", "x"}));
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[1].line, 6);
}

TEST(CsvReaderTest, BlankLinesAreNoRowsButAnEmptyQuotedCellIs) {
  const std::vector<OwnedRow> rows = ReadAll("\n\r\na\n\n\r\n1\n\"\"\n\n\r", ShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].line, 6);
  EXPECT_EQ(rows[0].cells, Texts{"1"});
  EXPECT_EQ(rows[1].line, 7);
  EXPECT_EQ(rows[1].cells, Texts{""});
}

TEST(CsvReaderTest, AFileWithoutRowsHasNone) {
  for (const std::string bytes :
       {"", "\xEF\xBB\xBF", "\n\r\n\n", "\r", "\xEF\xBB\xBF\r\n", "a,b", "a,b\r\n", "a,b\n\n"}) {
    RowShape shape = ShapeOf({"a", "b"});
    shape.columns[0].key = true;
    EXPECT_TRUE(ReadAll(bytes, shape).empty()) << bytes;
  }
}

TEST(CsvReaderTest, UnknownColumnsAreRescuedInHeaderOrder) {
  const std::string bytes = "logs,a,source\nl1,1,\"s \"\"1\"\"\\\n\x01\"\n,2,é\n";
  const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].rescued, R"({"logs":"l1","source":"s \"1\"\\\u000a\u0001"})");
  EXPECT_EQ(rows[0].cells, Texts{"1"});
  EXPECT_EQ(rows[1].rescued, R"({"logs":"","source":"é"})");
  EXPECT_EQ(Reader(bytes, ShapeOf({"a"})).unknown_columns(), (std::vector<std::string>{"logs", "source"}));
}

TEST(CsvReaderTest, UnknownNamesThatAreEmptyOrTakenGetTheirPosition) {
  const std::vector<OwnedRow> rows = ReadAll("x,a,x,\n1,2,3,4\n", ShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].rescued, R"({"x":"1","x_3":"3","_4":"4"})");
}

TEST(CsvReaderTest, AFileWithoutTheKeyColumnsIsOneBadRowOfAllItsBytes) {
  const std::string bytes =
      "\xEF\xBB\xBF"
      "a,b\n1,2\n\"3,4\n";
  RowShape shape = ShapeOf({"a", "id"});
  shape.columns[1].key = true;
  const std::vector<OwnedRow> rows = ReadAll(bytes, shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[0].record, bytes);
  EXPECT_EQ(rows[0].error, "the file has no header of this source: its first line does not name id");
  EXPECT_EQ(rows[0].cells, Texts(2, std::nullopt));
  EXPECT_EQ(Reader(bytes, shape).header(), "");
  EXPECT_TRUE(Reader(bytes, shape).unknown_columns().empty());
}

TEST(CsvReaderTest, AHeaderThatNamesAColumnTwiceMakesOneBadRow) {
  RowShape shape = ShapeOf({"lname"});
  shape.columns[0].aliases = {"cusomter_lname"};
  const std::vector<OwnedRow> rows = ReadAll("lname,Cusomter_Lname\n1,2\n3,4\n", shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "the header names lname twice, in fields 1 and 2");
}

TEST(CsvReaderTest, AFileThatIsNoTextIsOneBadRow) {
  const std::string nul = "a,\0b\n1,2\n"s;
  const std::string utf16 =
      "\xFF\xFE"
      "a\nb";
  const std::string unclosed = "a,\"b\n1,2\n";
  for (const auto& [bytes, error] : std::vector<std::pair<std::string, std::string>>{
           {nul, "the file has no header: its first line has a NUL at byte 3"},
           {utf16, "the file has no header: its first line is not UTF-8 at byte 1"},
           {unclosed, "the file has no header: in its first line a quote opened at line 1 in field 2 is not closed"}}) {
    const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a", "b"}));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].error, error);
    EXPECT_EQ(rows[0].record, bytes);
    EXPECT_EQ(rows[0].cells, Texts(2, std::nullopt));
  }
}

TEST(CsvReaderTest, AFirstLineOfEndlessDelimitersIsOneBadRow) {
  RowShape shape = ShapeOf({"a"});
  shape.record_bytes_max = 100;
  const std::vector<OwnedRow> rows = ReadAll(std::string(101, ',') + "\n1\n", shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "the file has no header: its first line is longer than 100 bytes");
}

TEST(CsvReaderTest, ARecordThatIsNoTextIsOneBadRowAmongGoodOnes) {
  const std::string bytes = "a,b\n1,2\n3,\xC3\x28\n5,\xE2\x82\n7,\0\n9,€\n"s;
  const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].error, "");
  EXPECT_EQ(rows[1].error, "is not UTF-8 at byte 3");
  EXPECT_EQ(rows[2].error, "is not UTF-8 at byte 3");
  EXPECT_EQ(rows[3].error, "has a NUL at byte 3");
  EXPECT_EQ(rows[3].cells, Texts(2, std::nullopt));
  EXPECT_EQ(rows[4].error, "");
  EXPECT_EQ(rows[4].cells, (Texts{"9", "€"}));
}

TEST(CsvReaderTest, ARecordThatIsNoTextFarInsideABigFileIsFound) {
  std::string bytes = "a,b\n";
  for (int i = 0; i < 100'000; ++i) bytes += i == 70'000 ? "1,\xFF\n" : "1,é\n";
  const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 100'000u);
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].error, i == 70'000 ? "is not UTF-8 at byte 3" : "") << i;
  }
}

TEST(CsvReaderTest, AllReasonsOfABadRowAreGiven) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,2,\xFF\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "has 3 fields, the header names 2; is not UTF-8 at byte 5");
}

TEST(CsvReaderTest, ReadsAnotherDelimiter) {
  RowShape shape = ShapeOf({"a", "b"});
  shape.delimiter = ';';
  const std::vector<OwnedRow> rows = ReadAll("a;b\n1,5;\"x;y\"\n", shape);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].cells, (Texts{"1,5", "x;y"}));
  shape.delimiter = '"';
  EXPECT_THROW(Reader("a", shape), base::Error);
}

TEST(CsvReaderTest, FieldsOfEveryLengthAreCutAtTheRightPlaces) {
  // The reader compares 64 bytes at a time: every alignment of fields to these blocks has its turn.
  for (size_t length = 0; length < 140; ++length) {
    const std::string field(length, 'x');
    const std::string bytes = "a,b,c\n" + field + ",," + field + "\r\n\"" + field + "\"," + field + ",1";
    const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"a", "b", "c"}));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].cells, (Texts{field, "", field}));
    EXPECT_EQ(rows[1].cells, (Texts{field, field, "1"}));
  }
}

TEST(CsvReaderTest, OptionalColumnsMayBeLeftOutBeforeUnknownOnesThatALaterExportAppended) {
  RowShape shape;
  shape.columns = {{"a", {}, true}, {"b", {}, false}};
  shape.optional_trailing = {"b"};
  const std::string text = "a,b,logs,source\n1,2,3,4\n5,6,7\n8,9\n10\n11,12,13,14,15\n";
  Reader reader(text, shape);
  Row row;
  ASSERT_TRUE(reader.Next(row));
  EXPECT_EQ(row.cells[1].text, "2");
  EXPECT_EQ(row.rescued, R"({"logs":"3","source":"4"})");
  ASSERT_TRUE(reader.Next(row));  // Three of four: what may be left out was.
  EXPECT_FALSE(row.cells[1].present);
  EXPECT_EQ(row.rescued, R"({"logs":"6","source":"7"})");
  ASSERT_TRUE(reader.Next(row));  // Two: the old form of the row.
  EXPECT_EQ(row.cells[1].text, "9");
  EXPECT_EQ(row.rescued, "");
  ASSERT_TRUE(reader.Next(row));
  EXPECT_EQ(row.error, "");
  EXPECT_FALSE(row.cells[1].present);
  ASSERT_TRUE(reader.Next(row));
  EXPECT_EQ(row.error, "has 5 fields, the header names 4");
}

}  // namespace
}  // namespace qlake::rows
