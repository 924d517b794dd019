#include "engine/duckdb/functions.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "engine/duckdb/test_lake.h"
#include "engine/duckdb/text_functions.h"

namespace qlake::engine {
namespace {

using FunctionsTest = LakeTest;

std::string Email(std::string_view text) {
  auto email = CleanEmail(text);
  return email ? std::string(*email) : "NULL";
}

TEST(CleanTextTest, BlanksAroundGoAndNothingIsNull) {
  EXPECT_EQ(CleanText(" \ta b\t "), "a b");
  EXPECT_EQ(CleanText(" \t "), std::nullopt);
  EXPECT_EQ(CleanText(""), std::nullopt);
}

TEST(ParseIntegerTest, OnlyDigitsWithASignAreANumber) {
  EXPECT_EQ(ParseIntegerText("+007"), 7);
  EXPECT_EQ(ParseIntegerText("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", "+", "-", "+-1", "12.5", "1e3", "0x10", " 1", "1 ", "9223372036854775808"}) {
    EXPECT_EQ(ParseIntegerText(text), std::nullopt) << text;
  }
}

TEST(CleanEmailTest, JunkBehindTheAddressIsDropped) {
  for (std::string junk :
       {"",  ";", "'",  " ",   "]",  "\\", "{",  ">",  "^",    "*", "[", ":", "&",  "(",   "\"",    "/",
        "<", "|", "]x", "#4r", "}4", "%x", "$u", ")x", "\"\"", "4", "-", ".", "..", ".x1", "@b.org"}) {
    EXPECT_EQ(Email("alexander.brown@gmail.com" + junk), "alexander.brown@gmail.com") << junk;
  }
  EXPECT_EQ(Email("  a@b.co.uk;\t"), "a@b.co.uk");
}

TEST(CleanEmailTest, ADoubledLastLetterIsTakenBack) {
  EXPECT_EQ(Email("ann@hotmail.comm"), "ann@hotmail.com");
  EXPECT_EQ(Email("ann@hotmail.comm]x"), "ann@hotmail.com");
  EXPECT_EQ(Email("ann@comm.net"), "ann@comm.net");
  EXPECT_EQ(Email("ann@x.telecomm"), "ann@x.telecomm");
}

TEST(CleanEmailTest, TheLongestAddressIsTaken) {
  EXPECT_EQ(Email("a.b_c%d+e-f@mail.x-y.museum"), "a.b_c%d+e-f@mail.x-y.museum");
  EXPECT_EQ(Email("a@b.com.x"), "a@b.com");
  EXPECT_EQ(Email("a@b.com-x"), "a@b.com");
  EXPECT_EQ(Email("A@B.COM"), "A@B.COM");
}

TEST(CleanEmailTest, WhatDoesNotBeginWithAnAddressIsNone) {
  for (std::string text : {"", " ", "@", "a@", "@b.com", "a@b", "a@.com", "a@b.c", "a@b.1", "a b@c.com", "\"a@b.com",
                           "a@@b.com", "a@b..com", "K\xC3\xB6ln@b.com"}) {
    EXPECT_EQ(Email(text), "NULL") << text;
  }
}

TEST(ParseDateTest, OnlyCalendarDaysOfTheOneForm) {
  EXPECT_EQ(ParseDateText("2023-5-20"), 19497);
  EXPECT_EQ(ParseDateText(" 2023-05-20\t"), 19497);
  EXPECT_EQ(ParseDateText("1970-1-1"), 0);
  EXPECT_EQ(ParseDateText("2024-2-29"), 19782);
  for (std::string text : {"2023-2-29",  "2023-13-1",   "2023-0-1",  "2023-1-0",    "2023-1-32",  "2023/5/20",
                           "23-5-20",    "12023-5-20",  "2023-5",    "2023-5-20-1", "2023-5-20x", "2023-005-20",
                           "2023-5-020", "-2023-5-20",  "+023-5-20", "2023--5-20",  "2023-5- 20", "",
                           " ",          "20 May 2023", "\xC2\xA0",  "2023-5-"}) {
    EXPECT_EQ(ParseDateText(text), std::nullopt) << text;
  }
}

TEST_F(FunctionsTest, AValueIsWrittenAsItsCastToTextWritesIt) {
  using Kind = base::ColumnType::Kind;
  std::vector<std::pair<base::ColumnType, std::vector<std::string>>> texts = {
      {{Kind::kInteger}, {"0", "-1", "2147483647", "-2147483648"}},
      {{Kind::kLong}, {"0", "9223372036854775807", "-9223372036854775808"}},
      {{Kind::kBoolean}, {"yes", "0"}},
      {{Kind::kDate}, {"0000-01-01", "0000-12-31", "0001-01-01", "0999-5-7", "1969-12-31", "2024-2-29", "9999-12-31"}},
      {{Kind::kDecimal, 4, 0}, {"0", "-7", "9999"}},
      {{Kind::kDecimal, 9, 2}, {"0", "-0.05", "0.5", "12.5", "-9999999.99"}},
      {{Kind::kDecimal, 4, 4}, {"0", "0.5", "-0.0001", "0.9999"}},
      {{Kind::kDecimal, 18, 18}, {"0", "-0.000000000000000001"}},
      {{Kind::kDecimal, 38, 3}, {"0", "-0.001", "99999999999999999999999999999999999.999"}},
      {{Kind::kDecimal, 38, 38}, {"0", "0.1", "-0.00000000000000000000000000000000000001"}}};
  for (const auto& [type, values] : texts) {
    for (const auto& text : values) {
      __int128 value = 0;
      if (type.kind == Kind::kDate) {
        value = *ParseDateText(text);
      } else if (type.kind == Kind::kBoolean) {
        value = *ParseBooleanText(text);
      } else if (type.kind == Kind::kDecimal) {
        value = *ParseDecimalText(text, type.precision, type.scale);
      } else {
        value = *ParseIntegerText(text);
      }
      std::string written;
      AppendValueText(type, value, written);
      std::string sql = type.kind == Kind::kDate ? fmt::format("parse_date('{}')", text)
                                                 : fmt::format("CAST('{}' AS {})", text, base::FormatSqlType(type));
      EXPECT_EQ(written, Cell(fmt::format("CAST({} AS VARCHAR)", sql))) << base::FormatSqlType(type) << ' ' << text;
    }
  }
}

TEST(SplitAddressTest, TheLastThreeSlashesSplit) {
  std::string_view text = "421 1/2 6th Street Southeast/Washington/DC/20003";
  EXPECT_EQ(SplitAddress(text, 1), "421 1/2 6th Street Southeast");
  EXPECT_EQ(SplitAddress(text, 2), "Washington");
  EXPECT_EQ(SplitAddress(text, 3), "DC");
  EXPECT_EQ(SplitAddress(text, 4), "20003");
  EXPECT_EQ(SplitAddress(text, 5), std::nullopt);
  EXPECT_EQ(SplitAddress(text, 0), std::nullopt);
}

TEST(SplitAddressTest, EmptyPartsAreNothingAndTooFewSlashesLeaveTheWhole) {
  EXPECT_EQ(SplitAddress(" s / /x/", 1), "s");
  EXPECT_EQ(SplitAddress(" s / /x/", 2), std::nullopt);
  EXPECT_EQ(SplitAddress(" s / /x/", 3), "x");
  EXPECT_EQ(SplitAddress(" s / /x/", 4), std::nullopt);
  EXPECT_EQ(SplitAddress("///", 1), std::nullopt);
  EXPECT_EQ(SplitAddress("a/b/c", 1), "a/b/c");
  EXPECT_EQ(SplitAddress("a/b/c", 2), std::nullopt);
  EXPECT_EQ(SplitAddress("", 1), std::nullopt);
}

TEST_F(FunctionsTest, SqlSeesThemWithConstantsColumnsAndNulls) {
  EXPECT_EQ(Cell("clean_email('ann@gmail.com;'), clean_email('x'), clean_email(NULL)"), "ann@gmail.com|NULL|NULL");
  EXPECT_EQ(Cell("parse_date('2023-5-20'), parse_date(''), parse_date(NULL)"), "2023-05-20|NULL|NULL");
  EXPECT_EQ(Cell("split_address('a/b/c/1', 4), split_address(NULL, 1), split_address('a', NULL)"), "1|NULL|NULL");
  database_->Run(
      "CREATE TABLE many AS SELECT CASE WHEN i % 3 > 0 THEN 'u' || i || '@gmail.com]x' END AS e, "
      "i || '/c/s/' || i AS a, CAST(DATE '2020-01-01' + CAST(i % 900 AS INTEGER) AS VARCHAR) AS d, i FROM range(10000) "
      "r(i)");
  EXPECT_EQ(database_->QueryInteger(
                "SELECT count(*) FROM many WHERE clean_email(e) IS DISTINCT FROM "
                "CASE WHEN i % 3 > 0 THEN 'u' || i || '@gmail.com' END OR parse_date(d) <> CAST(d AS DATE) "
                "OR split_address(a, 1) <> CAST(i AS VARCHAR) OR split_address(a, 4) <> CAST(i AS VARCHAR)"),
            0);
}

TEST_F(FunctionsTest, ContentHashIsTwoSeededHashesOfTheCanonicalText) {
  auto expected = [](std::string_view text) {
    return fmt::format("{:016X}{:016X}", XXH64(text.data(), text.size(), 42), XXH64(text.data(), text.size(), 1011));
  };
  EXPECT_EQ(Cell("hex(content_hash('a', NULL, ''))"), expected("a\x1F\x1E\x1F"));
  EXPECT_EQ(Cell("hex(content_hash(NULL))"), expected("\x1E"));
  EXPECT_EQ(Cell("hex(content_hash(repeat('x', 100), 'y'))"), expected(std::string(100, 'x') + "\x1Fy"));
  EXPECT_EQ(Cell("octet_length(content_hash('a'))"), "16");
}

TEST_F(FunctionsTest, ContentHashTellsRowsApartOverManyRows) {
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT h) FROM (SELECT content_hash(CAST(i AS VARCHAR), "
                 "CASE WHEN i % 2 = 0 THEN 'x' END, 'constant') AS h FROM range(100000) r(i))"),
            std::vector<std::string>{"100000|100000"});
  EXPECT_EQ(Cell("content_hash('a', 'b') = content_hash('ab'), content_hash('', NULL) = content_hash(NULL, '')"),
            "false|false");
}

}  // namespace
}  // namespace qlake::engine
