#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/json.h"
#include "rows/reader.h"
#include "rows/reading_test.h"

// Files that others made: csv-spectrum, the big list of naughty strings, and the source's real drops.
namespace qlake::rows {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

base::Json RowsAsJson(const std::string& bytes) {
  std::string header = Reader(bytes, RowShape{}).header();
  RowShape shape = ShapeOf({});
  for (size_t at = 0; at <= header.size();) {
    const size_t end = std::min(header.find(',', at), header.size());
    shape.columns.push_back({.name = header.substr(at, end - at), .aliases = {}, .key = true});
    at = end + 1;
  }
  base::Json rows = base::Json::array();
  for (const OwnedRow& row : ReadAll(bytes, shape)) {
    EXPECT_EQ(row.error, "");
    base::Json object;
    for (size_t i = 0; i < shape.columns.size(); ++i) object[shape.columns[i].name] = row.cells[i].value_or("absent");
    rows.push_back(object);
  }
  return rows;
}

class CsvSpectrumTest : public testing::TestWithParam<std::string> {};

TEST_P(CsvSpectrumTest, ReadsTheRowsThatTheSuiteStates) {
  const std::string folder = SharedFolder("suites/csv-spectrum");
  if (folder.empty()) GTEST_SKIP() << "csv-spectrum is not at " << QLAKE_SHARED << "/suites";
  const base::Json rows = RowsAsJson(ReadWholeFile(folder + "/csvs/" + GetParam() + ".csv"));
  const base::Json stated = base::Json::parse(ReadWholeFile(folder + "/json/" + GetParam() + ".json"));
  if (GetParam() == "location_coordinates") {
    // Its JSON is an object, not an array of rows, and has another phone number than its CSV.
    base::Json row = stated;
    EXPECT_EQ(row["Contact Phone Number"], "1234567890");
    row["Contact Phone Number"] = "2095257564";
    EXPECT_EQ(rows, base::Json::array({row}));
    return;
  }
  EXPECT_EQ(rows, stated);
}

INSTANTIATE_TEST_SUITE_P(All, CsvSpectrumTest,
                         testing::Values("comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json",
                                         "location_coordinates", "newlines", "newlines_crlf", "quotes_and_newlines",
                                         "simple", "simple_crlf", "utf8"),
                         [](const auto& suite) { return suite.param; });

std::vector<std::string> NaughtyStrings() {
  std::vector<std::string> strings;
  std::ifstream file(SharedFolder("suites/naughty") + "/blns.txt", std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && !line.starts_with('#')) strings.push_back(line);
  }
  return strings;
}

TEST(NaughtyStringsTest, ComeBackAsQuotedCells) {
  if (SharedFolder("suites/naughty").empty()) GTEST_SKIP() << "naughty is not at " << QLAKE_SHARED << "/suites";
  const std::vector<std::string> strings = NaughtyStrings();
  ASSERT_GT(strings.size(), 400u);
  std::string bytes = "id,text\n";
  for (const std::string& text : strings) bytes += "1," + Quoted(text) + "\n";
  const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"id", "text"}));
  ASSERT_EQ(rows.size(), strings.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].error, "");
    EXPECT_EQ(rows[i].cells, (Texts{"1", strings[i]}));
  }
}

TEST(NaughtyStringsTest, ComeBackAsRescuedColumnsUnderTheirOwnNames) {
  if (SharedFolder("suites/naughty").empty()) GTEST_SKIP() << "naughty is not at " << QLAKE_SHARED << "/suites";
  for (const std::string& name : NaughtyStrings()) {
    const std::string bytes = "id," + Quoted(name) + "\n1," + Quoted(name) + "\n";
    const std::vector<OwnedRow> rows = ReadAll(bytes, ShapeOf({"id"}));
    ASSERT_EQ(rows.size(), 1u) << name;
    const base::Json rescued = base::Json::parse(rows[0].rescued);
    ASSERT_EQ(rescued.size(), 1u) << name;
    EXPECT_EQ(rescued.begin().value(), name);
    EXPECT_EQ(Reader(bytes, ShapeOf({"id"})).unknown_columns().front(), rescued.begin().key());
  }
}

TEST(RealDropsTest, AllSixThousandTransactionsAreGood) {
  const std::string folder = SharedFolder("data");
  if (folder.empty()) GTEST_SKIP() << "the real drops are not at " << QLAKE_SHARED << "/data";
  for (const std::string group : {"1", "2", "3", "4"}) {
    const std::string bytes = ReadWholeFile(folder + "/group" + group + "/sales_transactions_SS_raw_" + group + ".csv");
    const std::vector<OwnedRow> rows = ReadAll(bytes, TransactionShape());
    ASSERT_EQ(rows.size(), 1500u);
    int64_t with_address = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].error, "");
      EXPECT_EQ(rows[i].line, static_cast<int64_t>(i) + 2);
      EXPECT_EQ(rows[i].rescued, "");
      EXPECT_EQ(rows[i].cells[1].value_or("").substr(0, 4), "trx-");
      EXPECT_NE(rows[i].cells[5].value_or("").find('@'), std::string::npos);
      with_address += rows[i].cells[20].has_value() ? 1 : 0;
      EXPECT_EQ(rows[i].cells[20].has_value(), rows[i].cells[18] == "yes");
    }
    EXPECT_EQ(with_address, 500);
  }
}

TEST(RealDropsTest, TheFirstCustomersAddressEndsInTheQuoteThatTheSourceDoubled) {
  const std::string folder = SharedFolder("data");
  if (folder.empty()) GTEST_SKIP() << "the real drops are not at " << QLAKE_SHARED << "/data";
  const std::vector<OwnedRow> rows =
      ReadAll(ReadWholeFile(folder + "/group1/sales_transactions_SS_raw_1.csv"), TransactionShape());
  EXPECT_EQ(rows.at(0).cells[5], "alexander.brown@gmail.com\"");
  EXPECT_EQ(rows.at(0).cells[20], std::nullopt);
}

}  // namespace
}  // namespace qlake::rows
