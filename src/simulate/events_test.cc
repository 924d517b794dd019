#include "simulate/events.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"

namespace qlake::simulate {
namespace {

using base::Json;

EventOptions Options() {
  EventOptions options;
  options.start = *base::ParseTimestamp("2023-05-20T14:03:07Z");
  return options;
}

// A field of an event, wherever it stands.
Json Field(const Json& event, const std::string& name) {
  if (event.contains(name)) return event[name];
  return event["metadata"].value(name, Json());
}

bool IsDigits(const Json& value, size_t count) {
  return value.is_string() && value.get<std::string>().size() == count &&
         value.get<std::string>().find_first_not_of("0123456789") == std::string::npos;
}

TEST(EventsTest, EqualOptionsGiveEqualEventsInAnyOrder) {
  EventGenerator first(Options()), second(Options());
  std::map<int64_t, std::string> events;
  for (int64_t number = 0; number < 1000; ++number) events[number] = first.Make(number).text;
  for (int64_t number = 999; number >= 0; --number) EXPECT_EQ(second.Make(number).text, events[number]);
  EventOptions other = Options();
  other.seed = 2;
  EXPECT_NE(EventGenerator(other).Make(0).text, events[0]);
}

TEST(EventsTest, EachTypeHasItsFieldsInTheirRanges) {
  EventGenerator generator(Options());
  std::map<std::string, int> types;
  const std::set<std::string> categories = {"Electronics", "Clothing", "Home & Kitchen", "Books"};
  const std::set<std::string> sources = {"Advertisement", "Search", "Direct"};
  const std::set<std::string> methods = {"Credit Card", "Debit Card", "PayPal"};
  const std::set<std::string> algorithms = {"collaborative_filtering", "content_based"};
  auto one_of = [](const std::set<std::string>& values, const Json& value) {
    return value.is_string() && values.contains(value.get<std::string>());
  };
  int at_top = 0;
  for (int64_t number = 0; number < 20'000; ++number) {
    SimulatedEvent made = generator.Make(number);
    Json event = Json::parse(made.text);
    SCOPED_TRACE(std::string(made.text));
    const std::string type = event["eventType"];
    ++types[type];
    ASSERT_TRUE(IsDigits(event["customerId"], 5) && IsDigits(event["productId"], 4));
    ASSERT_EQ(event["customerId"], made.key);
    ASSERT_EQ(event["timestamp"].get<std::string>().size(), 19u);
    ASSERT_TRUE(event["metadata"].is_object());
    at_top += event["metadata"].empty() ? 1 : 0;
    if (type == "productView") {
      ASSERT_TRUE(one_of(categories, Field(event, "category")) && one_of(sources, Field(event, "source")));
    } else if (type == "recommendationClick") {
      ASSERT_TRUE(IsDigits(Field(event, "recommendedProductId"), 4));
      ASSERT_TRUE(one_of(algorithms, Field(event, "algorithm")));
    } else {
      ASSERT_GE(Field(event, "quantity"), 1);
      ASSERT_LE(Field(event, "quantity"), 5);
    }
    if (type == "purchase") {
      ASSERT_GE(Field(event, "totalAmount"), 10);
      ASSERT_LE(Field(event, "totalAmount"), 500);
      ASSERT_TRUE(one_of(methods, Field(event, "paymentMethod")));
    }
  }
  EXPECT_EQ(types.size(), 4u);
  for (const auto& [type, count] : types) EXPECT_GT(count, 400) << type;
  EXPECT_NEAR(at_top, 4000, 400);
}

TEST(EventsTest, EveryPurchaseFollowsItsCartAndView) {
  EventGenerator generator(Options());
  std::map<std::string, std::set<std::string>> seen;
  for (int64_t number = 0; number < 20'000; ++number) {
    Json event = Json::parse(generator.Make(number).text);
    const std::string what = event["customerId"].get<std::string>() + event["productId"].get<std::string>();
    auto& types = seen[what];
    const std::string type = event["eventType"];
    if (type == "addToCart" || type == "purchase") {
      ASSERT_TRUE(types.contains("productView")) << event;
    }
    if (type == "purchase") {
      ASSERT_TRUE(types.contains("addToCart")) << event;
    }
    types.insert(type);
  }
}

TEST(EventsTest, TimesPassAtTheirRateAndLateOnesLieBehind) {
  EventOptions options = Options();
  options.events_a_second = 10;
  options.late = 0.1;
  EventGenerator generator(options);
  int late = 0;
  for (int64_t number = 0; number < 10'000; ++number) {
    SimulatedEvent made = generator.Make(number);
    auto time = base::ParseTimestamp(Json::parse(made.text)["timestamp"].get<std::string>());
    int64_t behind_s = (options.start.us + number * 100'000) / 1'000'000 - time->us / 1'000'000;
    late += made.is_late ? 1 : 0;
    if (made.is_late) {
      EXPECT_GE(behind_s, 120);
      EXPECT_LE(behind_s, 86'400);
    } else {
      EXPECT_EQ(behind_s, 0);
    }
  }
  EXPECT_NEAR(late, 1000, 150);
}

TEST(EventsTest, NumbersAreWhole) {
  EventOptions options = Options();
  options.numbered = true;
  EventGenerator generator(options);
  for (int64_t number : {0, 1, 77, 1'000'000}) EXPECT_EQ(Json::parse(generator.Make(number).text)["sequence"], number);
}

TEST(EventsTest, NewFieldsAndANewTypeComeFromTheGivenEventOn) {
  EventOptions options = Options();
  options.drift_at = 500;
  EventGenerator generator(options);
  std::set<std::string> types;
  for (int64_t number = 0; number < 1000; ++number) {
    Json event = Json::parse(generator.Make(number).text);
    EXPECT_EQ(event.contains("appVersion"), number >= 500);
    EXPECT_EQ(Field(event, "device").is_string(), number >= 500);
    types.insert(event["eventType"]);
    EXPECT_TRUE(number >= 500 || !types.contains("wishlistAdd"));
  }
  EXPECT_TRUE(types.contains("wishlistAdd"));
}

// Whether the text is broken in this way.
bool IsBroken(Fault fault, const std::string& text) {
  if (fault == Fault::kBadUtf8 || fault == Fault::kNoJson) return !Json::accept(text);
  Json event = Json::parse(text);
  switch (fault) {
    case Fault::kNoObject:
      return event.is_array();
    case Fault::kMissingField:
      return !event.contains("eventType") || !event.contains("customerId") || !event.contains("timestamp");
    case Fault::kWrongType:
      return !event["customerId"].is_string() || !event["timestamp"].is_string() || !event["productId"].is_string();
    case Fault::kImpossibleValue:
      return !IsDigits(event["customerId"], 5) || !IsDigits(event["productId"], 4) ||
             !base::ParseTimestamp(event["timestamp"].get<std::string>());
    case Fault::kOutOfTime:
      return event["timestamp"] == "1999-12-31T23:59:59" || event["timestamp"] == "2999-01-01T00:00:00";
    case Fault::kDuplicateKey:
      return text.find("customerId") != text.rfind("customerId");
    case Fault::kDeepNesting:
      return text.find("{\"a\":{\"a\":{\"a\":") != std::string::npos;
    default:
      return text.size() > (1u << 20);
  }
}

TEST(EventsTest, EachKindOfBrokenEventIsBrokenInItsWayAndNoOtherIsBroken) {
  for (size_t kind = 0; kind < kFaults; ++kind) {
    SCOPED_TRACE(kFaultNames[kind]);
    EventOptions options = Options();
    options.faults = ParseFaultShares(std::string(kFaultNames[kind]) + "=0.1");
    EventGenerator generator(options);
    int broken = 0;
    for (int64_t number = 0; number < 300; ++number) {
      SimulatedEvent made = generator.Make(number);
      const std::string text(made.text);
      ASSERT_EQ(text.find('\n'), std::string::npos);
      if (!made.fault) {
        ASSERT_TRUE(Json::accept(text)) << text;
        continue;
      }
      ++broken;
      ASSERT_EQ(static_cast<size_t>(*made.fault), kind);
      ASSERT_TRUE(IsBroken(*made.fault, text)) << text.substr(0, 1000);
    }
    EXPECT_GT(broken, 10);
    EXPECT_LT(broken, 60);
  }
}

TEST(EventsTest, AShareOfAllKindsIsSharedAmongThemButForTheLargeOnes) {
  FaultShares shares = ParseFaultShares("0.1");
  EXPECT_NEAR(shares[static_cast<size_t>(Fault::kNoJson)], 0.0111, 0.0001);
  EXPECT_NEAR(shares[static_cast<size_t>(Fault::kOversize)], 0.000111, 0.00001);
  EXPECT_EQ(ParseFaultShares("0"), FaultShares{});
}

TEST(EventsTest, OptionsThatMakeNoSenseAreRefused) {
  for (const char* text :
       {"", "much", "0.5.5", "-0.1", "1.1", "no-json", "no-json=x", "no-such-kind=0.1", "no-json=0.6,no-object=0.6"}) {
    EXPECT_THROW(ParseFaultShares(text), base::Error) << text;
  }
  EventOptions options = Options();
  options.late = 2;
  EXPECT_THROW(EventGenerator{options}, base::Error);
  options = Options();
  options.events_a_second = 0;
  EXPECT_THROW(EventGenerator{options}, base::Error);
}

}  // namespace
}  // namespace qlake::simulate
