#include <gtest/gtest.h>

#include <random>

#include "rows/reader.h"
#include "rows/reading_test.h"

namespace qlake::rows {
namespace {

// What a row says, in one text.
std::string Told(const Row& row) {
  std::string told = std::to_string(row.line) + '|' + std::string(row.record) + '|' + row.error + '|' + row.rescued;
  for (const Cell& cell : row.cells) told += cell.present ? '|' + std::string(cell.text) : "|NULL";
  return told;
}

// A reader that goes to where another one was reads on as that one did: from each place on, and from one to a later.
void ExpectSeekReadsOn(const std::string& bytes, const RowShape& shape, std::mt19937& random) {
  std::vector<Position> places;
  std::vector<std::string> rows;
  Reader reader(bytes, shape);
  Row row;
  for (Position before = reader.position(); reader.Next(row); before = reader.position()) {
    places.push_back(before);
    rows.push_back(Told(row));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    Reader other(bytes, shape);
    other.Seek(places[i]);
    ASSERT_EQ(other.position().offset, places[i].offset);
    ASSERT_EQ(other.position().line, places[i].line);
    for (size_t j = i; j < rows.size(); ++j) {
      if (j > i && random() % 4 == 0) {
        j = std::min(j + random() % 3, rows.size() - 1);
        other.Seek(places[j]);
      }
      ASSERT_TRUE(other.Next(row));
      ASSERT_EQ(Told(row), rows[j]) << bytes;
    }
    ASSERT_FALSE(other.Next(row));
    ASSERT_EQ(other.position().offset, bytes.size());
  }
}

void ExpectSeekReadsOnWhateverBreaks(const std::string& whole, const std::string& bytes_to_put, const RowShape& shape) {
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string bytes = whole;
    for (uint32_t i = 0; i < seed % 5; ++i)
      bytes[random() % bytes.size()] = bytes_to_put[random() % bytes_to_put.size()];
    ExpectSeekReadsOn(bytes, shape, random);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ReaderSeekTest, ACsvFileIsReadOnFromAnyRow) {
  RowShape shape = ShapeOf({"a", "b", "c"});
  shape.optional_trailing = {"c"};
  ExpectSeekReadsOnWhateverBreaks(
      "\xEF\xBB\xBF"
      "a,b,c,logs\n1,2,3,l\n\n4,\"5\n\n\"\"5\",6,m\r\n\r\n7,8\n\"9\",K\xC3\xB6ln,x,y\n10,11,12,13\n14,15",
      "\",\n\r\xFFz", shape);
}

TEST(ReaderSeekTest, AJsonLinesFileIsReadOnFromAnyRow) {
  RowShape shape = ShapeOf({"a", "b"});
  shape.format = FileFormat::kJsonLines;
  ExpectSeekReadsOnWhateverBreaks(
      "\xEF\xBB\xBF{\"a\":1}\n\n{\"a\":\"x\\n\",\"b\":[1]}\r\n \n{\"b\":null,\"logs\":2}\n{\"a\":\"K\xC3\xB6ln\"}",
      "\"{}\n\r\xFF\\,", shape);
}

// The text check looks ahead in windows; a place beyond what it has seen, and one within, are both gone to.
TEST(ReaderSeekTest, ALargeFileIsReadOnFromFarBehindAndFromNearBy) {
  std::string bytes = "a,b\n";
  for (int row = 0; row < 40'000; ++row) bytes += row % 1000 == 999 ? "\xFF,bad\n" : "some text,more of it\n";
  RowShape shape = ShapeOf({"a", "b"});
  std::vector<Position> places;
  Reader all(bytes, shape);
  Row row;
  for (Position before = all.position(); all.Next(row); before = all.position()) places.push_back(before);
  ASSERT_EQ(places.size(), 40'000u);
  Reader reader(bytes, shape);
  for (size_t i : {0u, 1u, 998u, 999u, 20'000u, 20'998u, 20'999u, 21'000u, 39'999u}) {
    reader.Seek(places[i]);
    ASSERT_TRUE(reader.Next(row));
    EXPECT_EQ(row.line, static_cast<int64_t>(i) + 2);
    EXPECT_EQ(row.error, i % 1000 == 999 ? "is not UTF-8 at byte 1" : "");
  }
}

}  // namespace
}  // namespace qlake::rows
