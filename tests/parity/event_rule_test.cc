// The rule of events in Spark's SQL against the decoder: the same verdict on every message but for what is listed here
// and in docs/events.md.
#include <arrow/builder.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/test_seed.h"
#include "events/event_decoder.h"
#include "events/rule_sql.h"
#include "events/test_shape.h"
#include "spark/session.h"
#include "support/foreign_engines.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int64_t kTakenInMs = 1'703'758'500'000;  // 2023-12-28T10:15:00Z

struct Verdict {
  bool is_valid = false;
  std::string values;  // Of all columns, as text.
  std::string reasons;
};

class EventRuleTest : public ::testing::Test {
 protected:
  static spark::Session& session() {
    static spark::Session session({spark::ParseAddress(SparkAddress()),
                                   {{"spark.sql.session.timeZone", "UTC"},
                                    {"spark.sql.timestampType", "TIMESTAMP_LTZ"},
                                    {"spark.sql.ansi.enabled", "true"}},
                                   nullptr});
    return session;
  }

  // Spark's verdicts on the messages, in their order.
  static std::vector<Verdict> OfSpark(const events::EventShape& shape, const std::vector<std::string>& messages) {
    arrow::Int64Builder numbers;
    arrow::BinaryBuilder values;
    for (size_t i = 0; i < messages.size(); ++i) {
      EXPECT_TRUE(numbers.Append(static_cast<int64_t>(i)).ok());
      EXPECT_TRUE(values.Append(messages[i]).ok());
    }
    auto table = arrow::Table::Make(
        arrow::schema({arrow::field("offset", arrow::int64()), arrow::field("value", arrow::binary())}),
        {*numbers.Finish(), *values.Finish()});
    session().CreateView("sent", *table);
    std::string columns;
    for (size_t i = 0; i < shape.columns.size(); ++i) {
      columns += fmt::format("{}coalesce(CAST(c{} AS STRING), '-')", i == 0 ? "" : ", '|', ", i);
    }
    std::string messages_view = fmt::format(
        "(SELECT CAST(NULL AS BINARY) AS key, value, 'topic' AS topic, 0 AS partition, offset, "
        "timestamp_millis({}) AS timestamp FROM sent)",
        kTakenInMs);
    auto answer = session().Fetch(
        {fmt::format("SELECT m_offset, is_valid_event, concat({}) AS texts, array_join(reasons, '; ') AS reasons FROM "
                     "({}) ORDER BY m_offset",
                     columns, events::RuleSql(shape, messages_view)),
         {}});
    std::vector<Verdict> verdicts;
    auto combined = *answer->CombineChunks();
    for (int64_t row = 0; row < combined->num_rows(); ++row) {
      auto cell = [&](int column) { return (*combined->column(column)->GetScalar(row))->ToString(); };
      verdicts.push_back({cell(1) == "true", cell(2), cell(3)});
    }
    return verdicts;
  }

  static Verdict OfDecoder(events::EventDecoder& decoder, const std::string& message) {
    const auto& event = decoder.Decode(message, base::Timestamp{kTakenInMs * 1000});
    Verdict verdict;
    verdict.is_valid = event.reasons.empty();
    for (const auto& reason : event.reasons) verdict.reasons += (verdict.reasons.empty() ? "" : "; ") + reason;
    for (size_t i = 0; i < event.cells.size(); ++i) {
      if (i > 0) verdict.values += "|";
      verdict.values += TextOf(decoder.shape().columns[i].type, event.cells[i]);
    }
    return verdict;
  }

  static std::string TextOf(const base::ColumnType& type, const events::EventCell& cell) {
    using Kind = base::ColumnType::Kind;
    if (cell.state == events::EventCell::State::kAbsent) return "-";
    if (cell.state == events::EventCell::State::kText) return std::string(cell.text);
    switch (type.kind) {
      case Kind::kBoolean:
        return cell.number != 0 ? "true" : "false";
      case Kind::kDecimal:
        return fmt::format("{}{}.{:02}", cell.number < 0 ? "-" : "", std::abs(cell.number) / 100,
                           std::abs(cell.number) % 100);
      case Kind::kTimestamp: {
        // As Spark writes it: 2023-12-28 10:15:00.5
        std::string text = base::FormatTimestamp({cell.number});
        text.replace(text.find('T'), 1, " ");
        text.pop_back();
        if (text.find('.') != std::string::npos) {
          while (text.back() == '0') text.pop_back();
          if (text.back() == '.') text.pop_back();
        }
        return text;
      }
      default:
        return std::to_string(cell.number);
    }
  }

  static void ExpectTheSame(const std::vector<std::string>& messages) {
    auto shape = events::TestShape();
    shape.bytes_max = 100'000;
    events::EventDecoder decoder(shape);
    auto verdicts = OfSpark(shape, messages);
    ASSERT_EQ(verdicts.size(), messages.size());
    for (size_t i = 0; i < messages.size(); ++i) {
      auto expected = OfDecoder(decoder, messages[i]);
      std::string shown = messages[i].substr(0, 300);
      EXPECT_EQ(verdicts[i].is_valid, expected.is_valid)
          << shown << "\n  decoder: " << expected.reasons << "\n  spark: " << verdicts[i].reasons;
      if (expected.is_valid && verdicts[i].is_valid) {
        EXPECT_EQ(verdicts[i].values, expected.values) << shown;
      }
    }
  }
};

std::string Event(const std::string& more = "") {
  return R"({"eventType":"purchase","customerId":"14031","timestamp":"2023-12-28T10:15:00")" + more + "}";
}

std::string Nested(const std::string& fields) { return Event(R"(,"metadata":{)" + fields + "}"); }

TEST_F(EventRuleTest, JudgesEveryKindOfBadMessageAsTheDecoderDoes) {
  std::string deep = std::string(63, '[') + std::string(63, ']');
  std::string too_deep = std::string(64, '[') + std::string(64, ']');
  std::vector<std::string> messages = {
      Event(),
      "  " + Event() + "\n",
      "",
      " ",
      "null",
      "5",
      "[1]",
      "\"text\"",
      "{}",
      "{",
      Event() + " x",
      Event() + Event(),
      Event() + "]",
      Event() + "] {}",
      Event() + "}",
      Event() + "," + Event(),
      Event() + "," + Event() + "] x",
      Event() + "}, \"a\": {",
      "\xEF\xBB\xBF" + Event(),
      std::string("\0\0\0\0\1", 5) + Event(),
      std::string("{\"a\":\"\xC3\x28\"}"),
      Event(",\"a\":\"\xED\xA0\x80\""),
      Event(R"(,"a":1,"a":2)"),
      Event(R"(,"a":1,"\u0061":2)"),
      Event(R"(,"a":{"b":1,"b":2})"),
      Event(R"(,"a":[{"b":1,"b":2}])"),
      Event(R"(,"customerId":"14031")"),
      Event(R"(,"metadata":{},"metadata":{})"),
      Event(R"(,"metadata":5)"),
      Event(R"(,"metadata":[])"),
      Event(R"(,"metadata":null)"),
      Event(R"(,"quantity":3,"metadata":{"quantity":3})"),
      Event(R"(,"quantity":null,"metadata":{"quantity":3})"),
      Event(",\"a\":" + deep),
      Event(",\"a\":" + too_deep),
      Event(",\"a\":\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\""),
      Event(",\"a\":\"" + std::string(100'000, 'x') + "\""),
      Nested("\"m\":" + std::string(62, '[') + std::string(62, ']')),
      Nested("\"m\":" + std::string(63, '[') + std::string(63, ']')),
  };
  for (const char* number :
       {"3",   "5",        "6",    "0",     "1e0", "0.1e1", "10e-1", "3.0",   "3.00000",
        "3.5", "03",       "+3",   "-3",    "-0",  "3.",    ".3",    "1e400", "99999999999999999999",
        "NaN", "Infinity", "true", "\"3\"", "[]",  "{}",    "null",  "0x3"}) {
    messages.push_back(Nested(fmt::format("\"quantity\":{}", number)));
  }
  for (const char* number : {"49.90", "10", "9.99", "500", "500.00", "500.01", "1e2", "12.345", "12.340", "1.2e1",
                             "1.23456e2", "99999999999999999", "\"49.90\"", "false"}) {
    messages.push_back(Nested(fmt::format("\"totalAmount\":{}", number)));
    messages.push_back(Event(fmt::format(",\"totalAmount\":{}", number)));
  }
  for (const char* value : {"true", "false", "null", "1", "\"true\"", "tRue", "[]"}) {
    messages.push_back(Nested(fmt::format("\"gift\":{}", value)));
  }
  for (const char* value : {"\"Books\"", "\"books\"", "\"\"", "5", "null", "{}", "\"B\\u006foks\"", "\"Books\\n\""}) {
    messages.push_back(Nested(fmt::format("\"category\":{}", value)));
  }
  for (const char* id : {"\"14031\"", "\"1403\"", "\"140311\"", "\"1403x\"", "\"14031\\n\"", "14031", "\"\"",
                         "\"\\u0661\\u0661\\u0661\\u0661\\u0661\"", "null", "\" 1403\""}) {
    messages.push_back(
        fmt::format(R"({{"eventType":"purchase","customerId":{},"timestamp":"2023-12-28T10:15:00"}})", id));
    messages.push_back(fmt::format(
        R"({{"eventType":"productView","customerId":"14031","productId":{},"timestamp":"2023-12-28T10:15:00"}})", id));
  }
  for (const char* time : {"2023-12-28T10:15:00",
                           "2023-12-28T10:15:00Z",
                           "2023-12-28T10:15:00.5",
                           "2023-12-28T10:15:00.123456",
                           "2023-12-28T10:15:00.1234567",
                           "2023-12-28T10:15:00.",
                           "2023-12-28T10:15:00+02:00",
                           "2023-12-28T10:15:00-02:30",
                           "2023-12-28T10:15:00+0200",
                           "2023-12-28T10:15:00+2:00",
                           "2023-12-28T10:15:00+18:00",
                           "2023-12-28 10:15:00",
                           "2023-12-28",
                           "2023-02-30T10:15:00",
                           "2023-13-01T10:15:00",
                           "2023-12-28T24:00:00",
                           "2023-12-28T23:59:60",
                           "2023-12-28T10:60:00",
                           "2024-02-29T10:15:00",
                           "1999-12-31T23:59:59",
                           "2000-01-01T00:00:00",
                           "2023-12-29T10:15:00",
                           "2023-12-29T10:15:01",
                           "0000-00-00T00:00:00",
                           "2023-12-28T10:15:00\\n",
                           "2023-12-28T10:15:00z",
                           "x"}) {
    messages.push_back(fmt::format(R"({{"eventType":"purchase","customerId":"14031","timestamp":"{}"}})", time));
  }
  for (const char* without : {R"({"customerId":"14031","timestamp":"2023-12-28T10:15:00"})",
                              R"({"eventType":"purchase","timestamp":"2023-12-28T10:15:00"})",
                              R"({"eventType":"purchase","customerId":"14031"})",
                              R"({"eventType":"productView","customerId":"14031","timestamp":"2023-12-28T10:15:00"})",
                              R"({"eventType":"new","customerId":"14031","timestamp":"2023-12-28T10:15:00"})",
                              R"({"eventType":null,"customerId":"14031","timestamp":"2023-12-28T10:15:00"})"}) {
    messages.emplace_back(without);
  }
  ExpectTheSame(messages);
}

TEST_F(EventRuleTest, JudgesGarbledEventsAsTheDecoderDoes) {
  uint64_t seed = base::TestSeed();
  std::mt19937_64 random(seed);
  auto number = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
  std::vector<std::string> seeds = {
      Event(R"(,"voucher":{"code":"A\"[","of":[1,2.50,true,null]})"),
      Nested(R"("quantity":2,"totalAmount":49.90,"category":"Books","gift":true,"screen":"caf\u00e9")"),
      R"({"eventType":"productView","customerId":"14031","productId":"1007","timestamp":"2023-12-28T10:15:00.25Z"})"};
  const std::string odd = "{}[],:\"\\0123456789.eE+-truefalsn \t\nZ\x80\xC3";
  std::vector<std::string> messages;
  for (int i = 0; i < 3000; ++i) {
    std::string message = seeds[number(seeds.size())];
    for (size_t changes = 1 + number(3); changes > 0 && !message.empty(); --changes) {
      size_t at = number(message.size());
      switch (number(4)) {
        case 0:
          message[at] = odd[number(odd.size())];
          break;
        case 1:
          message.insert(at, 1, odd[number(odd.size())]);
          break;
        case 2:
          message.erase(at, 1 + number(3));
          break;
        default:
          message.insert(number(message.size()), message.substr(at, number(20)));
      }
    }
    messages.push_back(std::move(message));
  }
  ExpectTheSame(messages);
}

// What docs/events.md says that a stream on Spark takes, though the decoder does not, and keeps in another form.
TEST_F(EventRuleTest, IsLaxerThanTheDecoderWhereTheDocumentsSaySo) {
  auto shape = events::TestShape();
  events::EventDecoder decoder(shape);
  std::vector<std::string> laxer = {
      Nested("\"totalAmount\":49.9000000000000000001"),  // 19 digits behind the point
      Nested("\"totalAmount\":4.990000000000000000000001e1"),
  };
  auto verdicts = OfSpark(shape, laxer);
  for (size_t i = 0; i < laxer.size(); ++i) {
    EXPECT_TRUE(verdicts[i].is_valid) << laxer[i] << ": " << verdicts[i].reasons;
    EXPECT_FALSE(OfDecoder(decoder, laxer[i]).is_valid) << laxer[i];
  }
  std::string stricter = R"({"eventType":"purchase","customerId":"14031","timestamp":"2023-12-28T10:15:00+18:30"})";
  EXPECT_FALSE(OfSpark(shape, {stricter})[0].is_valid);
  EXPECT_TRUE(OfDecoder(decoder, stricter).is_valid);
}

}  // namespace
}  // namespace qlake::testing
