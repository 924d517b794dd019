#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/json.h"
#include "rows/reader.h"
#include "rows/reading_test.h"

namespace qlake::rows {
namespace {

RowShape JsonShapeOf(const std::vector<std::string>& names) {
  RowShape shape = ShapeOf(names);
  shape.format = FileFormat::kJsonLines;
  return shape;
}

TEST(JsonLinesReaderTest, BindsKeysByNameAndAliasInAnyOrder) {
  RowShape shape = JsonShapeOf({"id", "lname"});
  shape.columns[1].aliases = {"cusomter_lname"};
  const std::string bytes =
      "{\"id\": \"1\", \"lname\": \"x\"}\r\n{\"Cusomter_Lname\":\"y\",\"id\":\"2\"}\n{\"id\":\"3\"}";
  const std::vector<OwnedRow> rows = ReadAll(bytes, shape);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].cells, (Texts{"1", "x"}));
  EXPECT_EQ(rows[0].record, "{\"id\": \"1\", \"lname\": \"x\"}");
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[1].cells, (Texts{"2", "y"}));
  EXPECT_EQ(rows[2].cells, (Texts{"3", std::nullopt}));
  EXPECT_EQ(rows[2].line, 3);
  EXPECT_EQ(Reader(bytes, shape).header(), "");
}

TEST(JsonLinesReaderTest, AValueThatIsNoStringIsItsTextAsWritten) {
  const std::string bytes =
      R"({"a":12.50,"b":true,"c":null,"d":{"x": [1, 2.0 ]} ,"e":[ ],"f":123456789012345678901234567890.10})"
      "\n";
  const std::vector<OwnedRow> rows = ReadAll(bytes, JsonShapeOf({"a", "b", "c", "d", "e", "f"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "");
  EXPECT_EQ(rows[0].cells,
            (Texts{"12.50", "true", std::nullopt, R"({"x": [1, 2.0 ]})", "[ ]", "123456789012345678901234567890.10"}));
}

TEST(JsonLinesReaderTest, UnescapesStrings) {
  const std::vector<OwnedRow> rows = ReadAll(R"({"\u0061":"x\n\"\\\u00e9\ud83d\ude00"})", JsonShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].cells, Texts{"x\n\"\\é😀"});
}

TEST(JsonLinesReaderTest, UnknownKeysAreRescuedAsTexts) {
  const std::string bytes = "{\"logs\":\"l\\n\",\"a\":1,\"source\":2.0}\n{\"a\":2,\"more\":null}\n{\"source\":[1]}\n";
  RowShape shape = JsonShapeOf({"a"});
  Reader reader(bytes, shape);
  Row row;
  std::vector<std::string> rescued;
  while (reader.Next(row)) rescued.push_back(row.rescued);
  EXPECT_EQ(rescued, (std::vector<std::string>{R"({"logs":"l\u000a","source":"2.0"})", "", R"({"source":"[1]"})"}));
  EXPECT_EQ(reader.unknown_columns(), (std::vector<std::string>{"logs", "source", "more"}));
}

TEST(JsonLinesReaderTest, BlankLinesAndAByteOrderMarkAreNoRows) {
  const std::vector<OwnedRow> rows = ReadAll("\xEF\xBB\xBF\n  \r\n{\"a\":1}\n\n\t\n", JsonShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].line, 3);
  EXPECT_TRUE(ReadAll("", JsonShapeOf({"a"})).empty());
  EXPECT_TRUE(ReadAll("\xEF\xBB\xBF", JsonShapeOf({"a"})).empty());
}

TEST(JsonLinesReaderTest, ABrokenLineIsOneBadRowAmongGoodOnes) {
  const std::vector<std::pair<std::string, std::string>> lines = {
      {R"({"a":"1","a":"2"})", "names a twice"},
      {R"({"a":"1","A ":"2"})", "names a twice"},
      {R"({"x":"1","x":"2"})", "names an unknown column twice"},
      {R"(["a"])", "is no JSON object"},
      {R"("a")", "is no JSON object"},
      {R"(1)", "is no JSON object"},
      {R"({"a":"1"} x)", "is no JSON: its object does not end where the line ends"},
      {R"({"a":"1"}{"a":"2"})", "is no JSON: its object does not end where the line ends"},
      {R"({"a":"1")", "is no JSON: its object does not end where the line ends"},
      {R"({"a":"1)", "is no JSON: a string is not closed"},
      {R"({"a":"\x"})", "is no JSON: a string has an escape that means nothing"},
      {R"({"a":"\u0000"})", "has a NUL in a string"},
      {R"({"a":01})", "is no JSON"},
      {R"({"a":1 2})", "is no JSON"},
      {R"({"a":1,})", "is no JSON"},
      {R"({"a":[1,]})", "is no JSON"},
      {R"({"a":{"b":nul}})", "is no JSON"},
      {R"({"a":NaN})", "is no JSON"},
      {"{\"a\":\"\xFF\"}", "is not UTF-8 at byte 7"},
      {"{\"a\":\"\t\"}", "is no JSON: a string has a control character that is not escaped"},
      {R"({"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}", "nests deeper than 256 levels"},
      {"not json at all", "is no JSON object"},
  };
  std::string bytes;
  for (const auto& [line, error] : lines) bytes += "{\"a\":\"good\"}\n" + line + "\n";
  const std::vector<OwnedRow> rows = ReadAll(bytes, JsonShapeOf({"a"}));
  ASSERT_EQ(rows.size(), 2 * lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(rows[2 * i].cells, Texts{"good"});
    EXPECT_EQ(rows[2 * i + 1].error, lines[i].second) << lines[i].first;
    EXPECT_EQ(rows[2 * i + 1].record, lines[i].first);
    EXPECT_EQ(rows[2 * i + 1].cells, Texts{std::nullopt});
    EXPECT_EQ(rows[2 * i + 1].rescued, "");
  }
}

TEST(JsonLinesReaderTest, ALineLongerThanTheLimitIsABadRow) {
  RowShape shape = JsonShapeOf({"a"});
  shape.record_bytes_max = 20;
  const std::vector<OwnedRow> rows = ReadAll("{\"a\":\"" + std::string(30, 'x') + "\"}\n{\"a\":1}\n", shape);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "is 38 bytes long, at most 20 are read");
  EXPECT_EQ(rows[1].cells, Texts{"1"});
}

TEST(JsonLinesReaderTest, NoLineOfABrokenFileIsLostAndCountingAgrees) {
  const std::string line = "{\"a\":\"x\\n\u00e9\",\"b\":[1,{\"c\":null}],\"d\":12.50,\"logs\":true}\n";
  const std::string bytes_to_put = "\"\\{}[]:,\n0e\xFF";
  for (uint32_t seed = 1; seed <= 5000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = line + line + line.substr(0, line.size() - 1);
    for (uint32_t i = 0; i < 1 + seed % 4; ++i) {
      bytes[random() % bytes.size()] = bytes_to_put[random() % bytes_to_put.size()];
    }
    size_t at = 0;
    for (const OwnedRow& row : ReadAll(bytes, JsonShapeOf({"a", "b", "d"}))) {
      ASSERT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              bytes.begin() + static_cast<std::ptrdiff_t>(row.offset),
                              [](char c) { return c == '\n'; }))
          << "seed " << seed;
      at = row.offset + row.record.size();
    }
    ASSERT_GE(at + 1, bytes.size()) << "seed " << seed;
  }
}

// Every case of the suite as a column's value. Cases that hold line feeds would be several lines and are left out.
TEST(JsonLinesReaderTest, AcceptsAndRefusesWhatTheJsonTestSuiteSays) {
  const std::string folder = SharedFolder("suites/JSONTestSuite/test_parsing");
  if (folder.empty()) GTEST_SKIP() << "JSONTestSuite is not at " << QLAKE_SHARED << "/suites";
  int accepted = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const std::string value = ReadWholeFile(entry.path());
    if (value.find('\n') != std::string::npos) continue;
    const std::vector<OwnedRow> rows = ReadAll("{\"a\":" + value + ",\"b\":1}\n", JsonShapeOf({"a", "b"}));
    ASSERT_EQ(rows.size(), 1u);
    // qlake takes no NUL in a text, though JSON does.
    if (name.starts_with("y_") && value.find("\\u0000") == std::string::npos) {
      EXPECT_EQ(rows[0].error, "") << name << ' ' << value;
      ++accepted;
    } else if (name.starts_with("n_")) {
      EXPECT_NE(rows[0].error, "") << name << ' ' << value;
      ++refused;
    }
  }
  EXPECT_GT(accepted, 80);
  EXPECT_GT(refused, 170);
}

}  // namespace
}  // namespace qlake::rows
