#include <gtest/gtest.h>

#include <atomic>

#include "base/clock.h"
#include "base/column_type.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/sha256.h"

namespace qlake::base {
namespace {

TEST(ClockTest, FormatsAndParsesTheSameMoment) {
  Timestamp time{1684591387000001};
  EXPECT_EQ(FormatTimestamp(time), "2023-05-20T14:03:07.000001Z");
  EXPECT_EQ(ParseTimestamp("2023-05-20T14:03:07.000001Z"), time);
  EXPECT_EQ(ParseTimestamp("2023-05-20 14:03"), (Timestamp{1684591380000000}));
  EXPECT_EQ(FormatHour(HourOf(time)), "2023-05-20T14");
  EXPECT_EQ(ParseHour("2023-05-20T14"), HourOf(time));
  EXPECT_EQ(FormatDate(DateOf(HourOf(time))), "2023-05-20");
}

TEST(ClockTest, MomentsBefore1970FloorToTheirHour) {
  EXPECT_EQ(FormatTimestamp({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatHour(HourOf({-1})), "1969-12-31T23");
}

TEST(ClockTest, RefusesWhatIsNoMoment) {
  for (const char* text : {"", "2023-5-20", "2023-02-30", "2023-05-20T24", "2023-05-20T14x", "20230520"}) {
    EXPECT_FALSE(ParseDate(text)) << text;
    EXPECT_FALSE(ParseHour(text)) << text;
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

TEST(ColumnTypeTest, EveryTypeRoundTripsUnderBothNames) {
  for (const char* name :
       {"boolean", "integer", "long", "double", "decimal(18,4)", "string", "binary", "date", "timestamp"}) {
    auto type = ParseDeltaType(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(FormatDeltaType(*type), name);
    EXPECT_EQ(ParseSqlType(FormatSqlType(*type)), type);
  }
  EXPECT_FALSE(ParseDeltaType("decimal(39,4)"));
  EXPECT_FALSE(ParseSqlType("DECIMAL(4,5)"));
  EXPECT_FALSE(ParseSqlType("VARCHAR(5)"));
}

TEST(DigestTest, KnownSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_NE(NewUuid(), NewUuid());
}

TEST(DigestTest, BytesInPiecesHaveTheDigestOfTheWhole) {
  Sha256 pieces;
  pieces.Add("a");
  pieces.Add("");
  pieces.Add("bc");
  EXPECT_EQ(std::move(pieces).Hex(), Sha256Hex("abc"));
}

TEST(ParallelForTest, CallsEachIndexOnceAndRethrowsTheFirstError) {
  std::atomic<size_t> sum = 0;
  ParallelFor(1000, 8, [&](size_t i) { sum += i; });
  EXPECT_EQ(sum, 499500u);
  EXPECT_THROW(ParallelFor(10, 4,
                           [](size_t i) {
                             if (i == 3) throw InputError("three");
                           }),
               Error);
}

}  // namespace
}  // namespace qlake::base
