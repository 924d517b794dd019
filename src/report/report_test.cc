#include "report/report.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "report/placeholders.h"

namespace qlake::report {
namespace {

constexpr const char* kReport =
    "-- report: top-products\n"
    "-- title: Products by units sold\n"
    "-- bar: units\n"
    "-- $unknown in a comment is no placeholder\n"
    "SELECT product_id, '$from' AS literal\n"
    "FROM marts.sales WHERE day BETWEEN $from AND $to\n";

std::string FailureOf(const std::string& path, const std::string& text) {
  try {
    ParseReport(path, text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    return error.message();
  }
  return "";
}

base::Date Day(const char* text) { return *base::ParseDate(text); }

TEST(ReportTest, TheHeadTellsNameTitleAndBar) {
  Report report = ParseReport("reports/top-products.sql", kReport);
  EXPECT_EQ(report.name, "top-products");
  EXPECT_EQ(report.title, "Products by units sold");
  EXPECT_EQ(report.bar_column, "units");
  EXPECT_TRUE(report.takes_dates);
}

TEST(ReportTest, DatesBecomeLiteralsWhichAreOpenWithoutThem) {
  Report report = ParseReport("reports/top-products.sql", kReport);
  std::string sql = RenderSql(report, {Day("2023-01-01"), std::nullopt});
  EXPECT_NE(sql.find("BETWEEN DATE '2023-01-01' AND DATE '9999-12-31'"), std::string::npos) << sql;
  EXPECT_NE(sql.find("'$from' AS literal"), std::string::npos) << "a literal is left alone: " << sql;
  EXPECT_NE(RenderSql(report, {}).find("DATE '0001-01-01'"), std::string::npos);
}

TEST(ReportTest, DatesInTheWrongOrderAreRefused) {
  Report report = ParseReport("reports/top-products.sql", kReport);
  EXPECT_THROW(RenderSql(report, {Day("2023-01-02"), Day("2023-01-01")}), base::Error);
  EXPECT_NO_THROW(RenderSql(report, {Day("2023-01-01"), Day("2023-01-01")}));
}

TEST(ReportTest, AReportWithoutDatesRefusesThem) {
  Report report = ParseReport("reports/all.sql", "-- report: all\n-- title: All\nSELECT 1\n");
  EXPECT_FALSE(report.takes_dates);
  EXPECT_NO_THROW(RenderSql(report, {}));
  EXPECT_THROW(RenderSql(report, {Day("2023-01-01"), std::nullopt}), base::Error);
}

TEST(ReportTest, AWrongHeadIsNamedWithFileAndLine) {
  EXPECT_EQ(FailureOf("reports/a.sql", "SELECT 1\n"), "reports/a.sql:1: the head has no line like: -- report: a");
  EXPECT_EQ(FailureOf("reports/a.sql", "-- report: b\n-- title: B\nSELECT 1\n"),
            "reports/a.sql:1: the report must be named as its file, a: b");
  EXPECT_EQ(FailureOf("reports/a.sql", "-- report: a\n-- title:\nSELECT 1\n"), "reports/a.sql:2: title has no value");
  EXPECT_EQ(FailureOf("reports/a.sql", "-- report: a\n-- report: a\nSELECT 1\n"),
            "reports/a.sql:2: report is given twice");
  EXPECT_EQ(FailureOf("reports/a.sql", "-- report: a\n-- title: A\n\n"),
            "reports/a.sql:3: there is no SELECT below the head");
  EXPECT_EQ(FailureOf("reports/a.sql", "-- report: a\n-- title: A\nSELECT 1\nWHERE day > $form\n"),
            "reports/a.sql:4: unknown placeholder, known are $from and $to: $form");
}

TEST(ReportTest, AQueryOfTheDumpIsNoReport) {
  EXPECT_TRUE(IsReportFile("reports/top-products.sql", kReport));
  EXPECT_TRUE(IsReportFile("reports/typo.sql", "-- reprot: typo\n")) << "its head is wrong, which is to be said";
  EXPECT_FALSE(IsReportFile("reports/b2b_dump.sql", "-- dump: b2b_sales\nSELECT 1\n"));
  EXPECT_FALSE(IsReportFile("reports/README.md", "# Reports\n"));
}

TEST(PlaceholderTest, LiteralsNamesAndCommentsAreLeftAlone) {
  auto replaced =
      ReplacePlaceholders("$a '$a''$a' \"$a\" -- $a\n/* $a\n$a */ $a$ $1",
                          [](std::string_view name, int line) { return std::string(name) + std::to_string(line); });
  EXPECT_EQ(replaced, "a1 '$a''$a' \"$a\" -- $a\n/* $a\n$a */ a3$ 13");
}

}  // namespace
}  // namespace qlake::report
