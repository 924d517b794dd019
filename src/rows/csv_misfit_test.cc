#include <gtest/gtest.h>


#include "rows/reader.h"
#include "rows/reading_test.h"

// How far a bad row reaches when a quote is to blame.
namespace qlake::rows {
namespace {

TEST(CsvMisfitTest, AnUnclosedQuoteQuarantinesOnlyItsOwnLine) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,2\n3,\"4\r\n5,6\n7,8\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[1].record, "3,\"4");
  EXPECT_EQ(rows[1].error, "a quote opened at line 3 in field 2 (b) is not closed");
  EXPECT_EQ(rows[2].line, 4);
  EXPECT_EQ(rows[2].cells, (Texts{"5", "6"}));
  EXPECT_EQ(rows[3].cells, (Texts{"7", "8"}));
}

TEST(CsvMisfitTest, AnUnclosedQuoteReachesToTheNextLineThatFits) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,\"2\nfree text\n\nx,y,z\n5,6\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].record, "1,\"2\nfree text\n\nx,y,z");
  EXPECT_EQ(rows[1].line, 6);
  EXPECT_EQ(rows[1].cells, (Texts{"5", "6"}));
}

TEST(CsvMisfitTest, AQuoteClosedByALaterLinesOpeningOneQuarantinesOnlyItsOwnLine) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,\"2\n3,4\n5,\"6\"\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].record, "1,\"2");
  EXPECT_EQ(rows[0].error, "a character follows a closing quote at line 4 in field 2 (b)");
  EXPECT_EQ(rows[1].cells, (Texts{"3", "4"}));
  EXPECT_EQ(rows[2].cells, (Texts{"5", "6"}));
}

TEST(CsvMisfitTest, TheLineThatFitsMaySpanLinesItself) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,\"2\n3,\"4\n5\"\n6,7\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].record, "1,\"2");
  EXPECT_EQ(rows[1].cells, (Texts{"3", "4\n5"}));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[2].line, 5);
}

TEST(CsvMisfitTest, ACharacterAfterAClosingQuoteOnOneLineIsThatLine) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n\"1\"x,2\n\"3\" ,4\n5,\"6\"\r7\n8,9\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].error, "a character follows a closing quote at line 2 in field 1 (a)");
  EXPECT_EQ(rows[0].record, "\"1\"x,2");
  EXPECT_NE(rows[1].error, "");
  EXPECT_NE(rows[2].error, "");
  EXPECT_EQ(rows[3].cells, (Texts{"8", "9"}));
}

TEST(CsvMisfitTest, ARecordOverLinesThatDoesNotFitEndsBeforeTheNextLineThatDoes) {
  const std::vector<OwnedRow> rows = ReadAll("a,b\n\"1\n2,3\n4\"\n5,6\n", ShapeOf({"a", "b"}));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].record, "\"1");
  EXPECT_EQ(rows[0].error, "has 1 fields, the header names 2");
  EXPECT_EQ(rows[1].cells, (Texts{"2", "3"}));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[2].record, "4\"");
  EXPECT_NE(rows[2].error, "");
  EXPECT_EQ(rows[3].cells, (Texts{"5", "6"}));
}

TEST(CsvMisfitTest, AQuotedFieldLongerThanTheLimitIsTakenForAnUnclosedQuote) {
  RowShape shape = ShapeOf({"a", "b"});
  shape.record_bytes_max = 20;
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1,\"2\n3,4\n5,6\n7,8\n9,10\n11\"\n", shape);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].record, "1,\"2");
  EXPECT_EQ(rows[4].cells, (Texts{"9", "10"}));
  EXPECT_EQ(rows[5].error, "has 1 fields, the header names 2");
}

TEST(CsvMisfitTest, APlainLineLongerThanTheLimitIsABadRow) {
  RowShape shape = ShapeOf({"a", "b"});
  shape.record_bytes_max = 20;
  const std::vector<OwnedRow> rows = ReadAll("a,b\n1," + std::string(30, 'x') + "\n3,4\n", shape);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "is 32 bytes long, at most 20 are read");
  EXPECT_EQ(rows[1].cells, (Texts{"3", "4"}));
}

// Each pattern makes a reader that searches naively read the file once for each of its lines: hours instead of
// fractions of a second, so that this test would never end.
TEST(CsvMisfitTest, AFileFullOfBrokenQuotesTakesLinearTime) {
  for (const std::string pattern :
       {"1,\"2\n", "x\",\"b\n", "\"\"\"\",\"\n", "\"\n", "\"\"\"\n", "x,\"\"\"\"y\n", "a,\"\"b,\"c\n"}) {
    std::string bytes = "a,b,c,d\n\"";
    while (bytes.size() < 4'000'000) bytes += pattern;
    ReadAll(bytes, ShapeOf({"a", "b", "c", "d"}));
  }
}

}  // namespace
}  // namespace qlake::rows
