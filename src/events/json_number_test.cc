#include "events/json_number.h"

#include <gtest/gtest.h>

namespace qlake::events {
namespace {

TEST(JsonNumberTest, DecimalsAreExactOrNothing) {
  EXPECT_EQ(ParseJsonDecimal("12.5", 2), 1250);
  EXPECT_EQ(ParseJsonDecimal("12.50000", 2), 1250);
  EXPECT_EQ(ParseJsonDecimal("-0.01", 2), -1);
  EXPECT_EQ(ParseJsonDecimal("12.505", 2), std::nullopt);
  EXPECT_EQ(ParseJsonDecimal("1e2", 0), 100);
  EXPECT_EQ(ParseJsonDecimal("1.25E+1", 2), 1250);
  EXPECT_EQ(ParseJsonDecimal("1200e-2", 0), 12);
  EXPECT_EQ(ParseJsonDecimal("10", 0), 10);
  EXPECT_EQ(ParseJsonDecimal("5e-1", 0), std::nullopt);
  EXPECT_EQ(ParseJsonDecimal("0e999999999999999999999", 2), 0);
  EXPECT_EQ(ParseJsonDecimal("1e999999999999999999999", 2), std::nullopt);
  EXPECT_EQ(ParseJsonDecimal("9223372036854775807", 0), INT64_MAX);
  EXPECT_EQ(ParseJsonDecimal("9223372036854775808", 0), std::nullopt);
}

}  // namespace
}  // namespace qlake::events
