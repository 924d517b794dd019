#include "events/event_decoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>

#include "base/json.h"
#include "base/test_seed.h"
#include "events/test_shape.h"

namespace qlake::events {
namespace {

const base::Timestamp kNow = *base::ParseTimestamp("2023-12-28T12:00:00Z");
constexpr size_t kType = 0;
constexpr size_t kTime = 3;
constexpr size_t kCategory = 4;
constexpr size_t kQuantity = 5;
constexpr size_t kAmount = 6;

constexpr const char* kView =
    R"({"eventType":"productView","customerId":"10001","productId":"2001","timestamp":"2023-12-28T10:15:00",)"
    R"("metadata":{"category":"Books"}})";

class EventDecoderTest : public ::testing::Test {
 protected:
  const DecodedEvent& Decode(std::string_view text) { return decoder_.Decode(text, kNow); }
  // The reasons of one message, joined.
  std::string WhyBad(std::string_view text) { return fmt::format("{}", fmt::join(Decode(text).reasons, "; ")); }
  // A good event with these fields more.
  static std::string With(const std::string& fields) {
    return R"({"eventType":"purchase","customerId":"10001","timestamp":"2023-12-28T10:15:00",)" + fields + "}";
  }

  EventDecoder decoder_{TestShape()};
};

TEST_F(EventDecoderTest, FieldsStandAtTheTopOrNested) {
  for (const char* text : {R"("quantity":3,"totalAmount":12.5)", R"("metadata":{"quantity":3,"totalAmount":12.50})",
                           R"("metadata":{"totalAmount":1.25e1},"quantity":3)"}) {
    const auto& event = Decode(With(text));
    EXPECT_TRUE(event.reasons.empty()) << event.reasons.front();
    EXPECT_EQ(event.cells[kQuantity].number, 3);
    EXPECT_EQ(event.cells[kAmount].number, 1250);
    EXPECT_EQ(event.rest, "");
  }
  EXPECT_EQ(Decode(kView).cells[kTime].number, base::ParseTimestamp("2023-12-28T10:15:00Z")->us);
}

TEST_F(EventDecoderTest, WhatTheContractDoesNotKnowIsKeptAsItStands) {
  const auto& event = Decode(With(R"("x" : [1, {"y":1.10}] ,"metadata":{"screen":"a\nb","quantity":1},"z":null)"));
  EXPECT_TRUE(event.reasons.empty());
  EXPECT_EQ(event.rest, R"({"x":[1, {"y":1.10}],"z":null,"metadata":{"screen":"a\nb"}})");
  ASSERT_EQ(event.unknown.size(), 3u);
  EXPECT_EQ(event.unknown[1].name, "metadata.screen");
  EXPECT_STREQ(event.unknown[0].json_type, "array");
  EXPECT_TRUE(base::Json::accept(event.rest));
}

TEST_F(EventDecoderTest, EscapesAreUndoneInKeysAndValues) {
  const auto& event = Decode(With(R"("\u0063ategory":"B\u006foks","\"":1)"));
  EXPECT_TRUE(event.reasons.empty());
  EXPECT_EQ(event.cells[kCategory].text, "Books");
  EXPECT_EQ(event.rest, R"({"\"":1})");
}

TEST_F(EventDecoderTest, EveryReasonIsNamed) {
  EXPECT_EQ(
      WhyBad(R"({"eventType":5,"customerId":"1","timestamp":"yesterday","metadata":{"quantity":9}})"),
      "eventType must be a string, it is a number; customerId must be 5 digits: 1; timestamp must be a time such as "
      "2023-12-28T10:15:00: yesterday; quantity is beyond what is possible: 9");
  EXPECT_EQ(WhyBad(R"({})"), "eventType is missing; customerId is missing; timestamp is missing");
  EXPECT_EQ(WhyBad(With(R"("totalAmount":12.345)")),
            "totalAmount must have 18 digits at most, 2 of them after the point: 12.345");
  EXPECT_EQ(WhyBad(With(R"("quantity":2.5)")), "quantity must be a whole number: 2.5");
  EXPECT_EQ(WhyBad(With(R"("category":"Toys")")), "category is none of the values that there are: Toys");
  EXPECT_EQ(WhyBad(With(R"("gift":"yes")")), "gift must be a boolean, it is a string");
  EXPECT_EQ(WhyBad(With(R"("metadata":[])")), "metadata must be an object, it is an array");
}

TEST_F(EventDecoderTest, ANullIsAFieldThatIsNotThere) {
  EXPECT_EQ(WhyBad(With(R"("quantity":null,"metadata":null)")), "");
  EXPECT_EQ(WhyBad(R"({"eventType":null,"customerId":"10001","timestamp":"2023-12-28T10:15:00"})"),
            "eventType is missing");
}

TEST_F(EventDecoderTest, AFieldThatStandsTwiceIsBadWhereverItStands) {
  EXPECT_EQ(WhyBad(With(R"("quantity":1,"quantity":1)")), "a field stands twice: quantity");
  EXPECT_EQ(WhyBad(With(R"("quantity":1,"metadata":{"quantity":1})")), "a field stands twice: quantity");
  EXPECT_EQ(WhyBad(With(R"("x":1,"\u0078":1)")), "a field stands twice: x");
  EXPECT_EQ(WhyBad(With(R"("x":{"a":{"b":1,"b":2}})")), "a field stands twice within another: b");
  EXPECT_EQ(WhyBad(With(R"("metadata":{"s":1,"s":2})")), "a field stands twice: metadata.s");
  std::string many;
  for (int i = 0; i < 100; ++i) many += fmt::format(R"("k{}":0,)", i);
  EXPECT_EQ(WhyBad(With(many + R"("z":0)")), "");
  EXPECT_EQ(WhyBad(With(many + R"("k7":0)")), "a field stands twice: k7");
}

TEST_F(EventDecoderTest, TimesBeforeTheContractsOrTooFarAheadAreBad) {
  auto at = [&](const char* time) {
    return WhyBad(fmt::format(R"({{"eventType":"x","customerId":"10001","timestamp":"{}"}})", time));
  };
  EXPECT_EQ(at("2000-01-01T00:00:00"), "");
  EXPECT_EQ(at("1999-12-31T23:59:59"), "timestamp is before 2000-01-01T00:00:00.000000Z: 1999-12-31T23:59:59.000000Z");
  EXPECT_EQ(at("2023-12-29T12:00:00"), "");
  EXPECT_NE(at("2023-12-29T12:00:01"), "");
  EXPECT_NE(at("2023-02-29T00:00:00"), "");
}

TEST_F(EventDecoderTest, TimesTakeAZoneAndAFraction) {
  auto us = [](const char* text) { return ParseEventTime(text, int64_t{3600} * 1'000'000); };
  EXPECT_EQ(us("2023-12-28T10:15:00"), base::ParseTimestamp("2023-12-28T09:15:00Z")->us);
  EXPECT_EQ(us("2023-12-28T10:15:00Z"), base::ParseTimestamp("2023-12-28T10:15:00Z")->us);
  EXPECT_EQ(us("2023-12-28T10:15:00.25+02:00"), base::ParseTimestamp("2023-12-28T08:15:00.250000Z")->us);
  EXPECT_EQ(us("2024-02-29T23:59:59.123456-05:30"), base::ParseTimestamp("2024-03-01T05:29:59.123456Z")->us);
  for (const char* bad : {"", "2023-12-28", "2023-12-28 10:15:00", "2023-13-01T00:00:00", "2023-12-28T24:00:00",
                          "2023-12-28T10:15:60", "2023-12-28T10:15:00.", "2023-12-28T10:15:00.1234567",
                          "2023-12-28T10:15:00+2:00", "2023-12-28T10:15:00Zx", "20x3-12-28T10:15:00"}) {
    EXPECT_EQ(us(bad), std::nullopt) << bad;
  }
}

TEST_F(EventDecoderTest, SizeAndDepthHaveLimits) {
  EXPECT_EQ(WhyBad(std::string(1'000'001, ' ')), "the message is larger than 1000000 bytes: 1000001");
  auto nested = [](int depth) { return With("\"x\":" + std::string(depth, '[') + std::string(depth, ']')); };
  EXPECT_EQ(WhyBad(nested(63)), "");
  EXPECT_EQ(WhyBad(nested(64)), "arrays and objects stand deeper in each other than 64");
}

TEST_F(EventDecoderTest, WhatIsNoJsonObjectSaysSo) {
  EXPECT_EQ(WhyBad(""), "the message is not JSON, it is empty");
  EXPECT_EQ(WhyBad("[1]"), "the message is JSON but no object: [1]");
  EXPECT_EQ(WhyBad("12"), "the message is JSON but no object: 12");
  for (const char* text : {"{", "}", "{} {}", "{}x", "{\"a\":}", "{\"a\" 1}", "nul", "{\"a\":01}", "{'a':1}", "\xff",
                           "{\"a\":\"\x01\"}", "{\"a\":\"\\x\"}", "{,}", "{\"a\":1,}", "1 2"}) {
    EXPECT_TRUE(WhyBad(text).starts_with("the message is not JSON, ")) << text << ": " << WhyBad(text);
  }
}

// The outside suite: 95 texts that are JSON, 188 that are not, and some that a parser may take either way.
TEST_F(EventDecoderTest, TheJsonTestSuiteIsJudgedAsItSays) {
  std::filesystem::path folder = std::string(QLAKE_SHARED) + "/suites/JSONTestSuite/test_parsing";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared suites at " << folder;
  int accepted = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::string why = WhyBad(text);
    EXPECT_FALSE(why.empty()) << entry.path();  // None of them is an event.
    bool is_json = !why.starts_with("the message is not JSON");
    bool is_too_deep = why.starts_with("arrays and objects stand deeper");
    char kind = entry.path().filename().string()[0];
    accepted += kind == 'y' && is_json ? 1 : 0;
    refused += kind == 'n' && (!is_json || is_too_deep) ? 1 : 0;
    EXPECT_FALSE(kind == 'y' && !is_json) << entry.path() << ": " << why;
    EXPECT_FALSE(kind == 'n' && is_json && !is_too_deep) << entry.path() << ": " << why;
  }
  EXPECT_EQ(accepted, 95);
  EXPECT_EQ(refused, 188);
}

// Nothing when the other parser stops at a number that no double holds, which is JSON all the same (RFC 8259,
// section 6).
std::optional<bool> IsJsonElsewhere(const std::string& text) {
  try {
    return !base::Json::parse(text).is_discarded();
  } catch (const base::Json::out_of_range&) {
    return std::nullopt;
  } catch (const base::Json::parse_error&) {
    return false;
  }
}

// Garbled events: never a crash, and what is called JSON or not is what another parser calls it.
TEST_F(EventDecoderTest, GarbledMessagesAreJudgedAsAnotherParserJudgesThem) {
  const char* rounds = std::getenv("QLAKE_ROUNDS");
  int rounds_max = rounds != nullptr ? std::atoi(rounds) * 1000 : 30'000;
  std::mt19937_64 random(base::TestSeed());
  const std::vector<std::string> texts = {
      kView, With(R"("quantity":3,"metadata":{"totalAmount":12.50,"x":[true,null,{"a":"\u00e9"}]})"),
      With(R"("a":{"b":{"c":[[],{},"",-0.5e-3]}},"gift":false)"), R"([{"a":1},2])"};
  constexpr std::string_view kBytes = "{}[]\",:\\ \n\t0123456789.eE+-truefalsnx\x01\x7f\xc3\xa9\xff\xed\xa0\x80";
  int good = 0;
  for (int round = 0; round < rounds_max; ++round) {
    std::string text = texts[random() % texts.size()];
    for (uint64_t edits = random() % 4; edits > 0; --edits) {
      size_t at = random() % text.size();
      char byte = kBytes[random() % kBytes.size()];
      switch (random() % 4) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
      }
      if (text.empty()) text = "{";
    }
    std::string why = WhyBad(text);
    const auto& event = Decode(text);
    bool is_json = !why.starts_with("the message is not JSON");
    auto elsewhere = IsJsonElsewhere(text);
    if (!elsewhere) continue;
    ASSERT_EQ(is_json, *elsewhere) << text << "\n" << why;
    if (!event.reasons.empty()) continue;
    ++good;
    auto json = base::Json::parse(text);
    ASSERT_EQ(std::string(event.cells[kType].text), json["eventType"].get<std::string>()) << text;
    if (!event.rest.empty()) {
      ASSERT_TRUE(base::Json::accept(event.rest)) << text << "\n" << event.rest;
    }
  }
  EXPECT_GT(good, rounds_max / 10);
}

}  // namespace
}  // namespace qlake::events
