#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "rows/reader.h"
#include "rows/reading_test.h"

namespace qlake::rows {
namespace {

using std::string_literals::operator""s;

struct RandomFile {
  RowShape shape;
  std::vector<Texts> rows;
  std::string bytes;
};

class RandomCsv {
 public:
  explicit RandomCsv(uint32_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  // A table of random cells as RFC 4180 writes it, with any line end, BOM or none.
  RandomFile File() {
    static const std::vector<std::string> kLineEnds = {"\n", "\r\n"};
    RandomFile file;
    const std::string line_end = kLineEnds[Below(2)];
    const size_t columns = 1 + Below(6);
    if (Below(3) == 0) file.bytes = "\xEF\xBB\xBF";
    for (size_t i = 0; i < columns; ++i) {
      file.shape.columns.push_back({.name = "c" + std::to_string(i), .aliases = {}, .key = true});
      file.bytes += (i == 0 ? "" : ",") + file.shape.columns.back().name;
    }
    const size_t rows = Below(30);
    for (size_t r = 0; r < rows; ++r) {
      file.bytes += line_end;
      if (Below(10) == 0) file.bytes += line_end;
      Texts& row = file.rows.emplace_back();
      for (size_t i = 0; i < columns; ++i) {
        row.push_back(Text());
        file.bytes += (i == 0 ? "" : ",") + Written(*row.back(), columns == 1);
      }
    }
    if (Below(2) == 0) file.bytes += line_end;
    return file;
  }

  void Mutate(std::string& bytes) {
    static const std::string kBytes = "\"\",,\n\r\nx\xC3\xFF\0"s;
    const size_t mutations = 1 + Below(8);
    for (size_t i = 0; i < mutations && !bytes.empty(); ++i) {
      const size_t at = Below(bytes.size());
      const char byte = kBytes[Below(kBytes.size())];
      switch (Below(3)) {
        case 0:
          bytes[at] = byte;
          break;
        case 1:
          bytes.insert(at, 1, byte);
          break;
        default:
          bytes.erase(at, 1 + Below(5));
      }
    }
  }

 private:
  std::string Text() {
    static const std::vector<std::string> kPieces = {"",  "a", "12.50", "\"", "\"\"", ",",  "\n", "\r\n", "\r",
                                                     " ", "é", "€uro",  "😀",  ";",    "\\", "\t", "x,y",  "\"\n"};
    std::string text;
    const size_t pieces = Below(5);
    for (size_t i = 0; i < pieces; ++i) text += kPieces[Below(kPieces.size())];
    if (Below(20) == 0) text.append(Below(200), 'z');
    return text;
  }

  // Quoted where it must be, and sometimes where it need not.
  std::string Written(const std::string& text, bool only_column) {
    const bool must = text.find_first_of("\",\n\r") != std::string::npos || (only_column && text.empty());
    if (!must && Below(4) != 0) return text;
    std::string written = "\"";
    for (const char c : text) written += c == '"' ? "\"\"" : std::string(1, c);
    return written + '"';
  }

  std::mt19937 random_;
};

// What is in none of the records must be blank lines and line ends, but for the BOM and the header.
void ExpectEveryByteAccountedFor(const std::string& bytes, const RowShape& shape) {
  const std::vector<OwnedRow> rows = ReadAll(bytes, shape);
  const std::string header = Reader(bytes, shape).header();
  size_t at = 0;
  if (header.empty() && !rows.empty()) {
    ASSERT_EQ(rows.size(), 1u);
    ASSERT_EQ(rows[0].record, bytes);
    return;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) at = 3;
  at = bytes.find_first_not_of("\r\n", at);
  ASSERT_EQ(bytes.compare(std::min(at, bytes.size()), header.size(), header), 0);
  if (at == std::string::npos) return;
  at += header.size();
  int64_t line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  for (const OwnedRow& row : rows) {
    ASSERT_GE(row.offset, at);
    const std::string between = bytes.substr(at, row.offset - at);
    ASSERT_EQ(between.find_first_not_of("\r\n"), std::string::npos) << between;
    line += std::count(between.begin(), between.end(), '\n');
    ASSERT_EQ(row.line, line);
    line += std::count(row.record.begin(), row.record.end(), '\n');
    at = row.offset + row.record.size();
  }
  ASSERT_EQ(bytes.find_first_not_of("\r\n", at), std::string::npos);
}

TEST(CsvPropertyTest, WhatRfc4180WritesIsReadBackEqual) {
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const RandomFile file = RandomCsv(seed).File();
    const std::vector<OwnedRow> rows = ReadAll(file.bytes, file.shape);
    ASSERT_EQ(rows.size(), file.rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i].error, "");
      ASSERT_EQ(rows[i].cells, file.rows[i]);
    }
    ExpectEveryByteAccountedFor(file.bytes, file.shape);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(CsvPropertyTest, NoByteOfABrokenFileIsLostAndCountingAgrees) {
  for (uint32_t seed = 1; seed <= 20'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomCsv random(seed);
    RandomFile file = random.File();
    random.Mutate(file.bytes);
    if (random.Below(4) == 0) file.shape.record_bytes_max = 1 + random.Below(60);
    if (random.Below(2) == 0) file.shape.optional_trailing = {file.shape.columns.back().name};
    ExpectEveryByteAccountedFor(file.bytes, file.shape);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace qlake::rows
