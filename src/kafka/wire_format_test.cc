#include "kafka/wire_format.h"

#include <gtest/gtest.h>

namespace qlake::kafka {
namespace {

using namespace std::string_literals;

TEST(WireFormatTest, AFramedMessageGivesItsIdAndPayload) {
  const std::string message = "\x00\x00\x00\x01\x02{\"a\":1}"s;
  auto framed = Unframe(message);
  ASSERT_TRUE(framed);
  EXPECT_EQ(framed->schema_id, 258);
  EXPECT_EQ(framed->payload, "{\"a\":1}");
  EXPECT_EQ(Frame(258, "{\"a\":1}"), message);
}

TEST(WireFormatTest, TheLargestIdAndAnEmptyPayloadSurvive) {
  auto framed = Unframe(Frame(INT32_MAX, ""));
  ASSERT_TRUE(framed);
  EXPECT_EQ(framed->schema_id, INT32_MAX);
  EXPECT_EQ(framed->payload, "");
}

TEST(WireFormatTest, WhatBeginsOtherwiseOrIsTooShortIsNoFrame) {
  for (const std::string& message :
       {""s, "{}"s, "{\"a\":1}"s, "\x00"s, "\x00\x00\x00\x01"s, "\x01\x00\x00\x00\x01{}"s}) {
    EXPECT_FALSE(Unframe(message)) << message;
  }
}

}  // namespace
}  // namespace qlake::kafka
