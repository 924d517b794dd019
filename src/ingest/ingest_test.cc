#include "ingest/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ingest/landing.h"

namespace qlake::ingest {
namespace {

base::Hour Hour(const char* text) { return *base::ParseHour(text); }

TEST(NaturalOrderTest, NumbersInNamesCountAsNumbers) {
  std::vector<std::string> names = {"group10", "group2", "group1", "a", "group02", "group"};
  std::sort(names.begin(), names.end(), NaturalLess);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "group", "group1", "group02", "group2", "group10"}));
}

TEST(DropNameTest, AnHourIsReadFromTheEndOfThePath) {
  EXPECT_EQ(HourFromDropName("2023-05-20T14"), Hour("2023-05-20T14"));
  EXPECT_EQ(HourFromDropName("2023-05-20/14"), Hour("2023-05-20T14"));
  EXPECT_EQ(HourFromDropName("shop/2023-05-20/14"), Hour("2023-05-20T14"));
  for (const char* drop : {"group1", "2023-05-20", "x2023-05-20T14", "2023-05-20T24", "2023-05-20-14", ""}) {
    EXPECT_EQ(HourFromDropName(drop), std::nullopt) << drop;
  }
}

TEST(AssignHoursTest, SeveralUnnamedDropsEndWithTheArrivalHourInNaturalOrder) {
  auto hours = AssignHours({"group10", "group2", "group1"}, {}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["group1"], Hour("2023-05-20T12"));
  EXPECT_EQ(hours["group2"], Hour("2023-05-20T13"));
  EXPECT_EQ(hours["group10"], Hour("2023-05-20T14"));
}

TEST(AssignHoursTest, TakenHoursAreSkippedAndKnownOnesNeverMove) {
  auto hours =
      AssignHours({"a", "b"}, {{"old", Hour("2023-05-20T14")}, {"a", Hour("2023-05-20T01")}}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["a"], Hour("2023-05-20T01"));
  EXPECT_EQ(hours["b"], Hour("2023-05-20T14"));  // Alone without an hour: the arrival hour itself.
  hours = AssignHours({"b", "c"}, {{"old", Hour("2023-05-20T14")}}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["c"], Hour("2023-05-20T13"));
  EXPECT_EQ(hours["b"], Hour("2023-05-20T12"));
}

TEST(AssignHoursTest, AnHourInTheNameWins) {
  auto hours = AssignHours({"2023-05-20T03", "x"}, {}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["2023-05-20T03"], Hour("2023-05-20T03"));
}

}  // namespace
}  // namespace qlake::ingest
