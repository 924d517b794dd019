#include "schedule/occasion.h"

#include <gtest/gtest.h>

namespace qlake::schedule {
namespace {

std::string LastUntil(std::string_view occasion, std::string_view now) {
  return base::FormatTimestamp(Occasion::Parse(occasion)->LastUntil(*base::ParseTimestamp(now))).substr(0, 16);
}

TEST(OccasionTest, SaysWhenItWasLast) {
  EXPECT_EQ(LastUntil(":20", "2023-05-20T14:20:00Z"), "2023-05-20T14:20");
  EXPECT_EQ(LastUntil(":20", "2023-05-20T14:19:59.999999Z"), "2023-05-20T13:20");
  EXPECT_EQ(LastUntil(":20", "2023-05-20T00:03:00Z"), "2023-05-19T23:20");
  EXPECT_EQ(LastUntil("01:00", "2023-05-20T00:59:00Z"), "2023-05-19T01:00");
  EXPECT_EQ(LastUntil("01:00", "2023-05-20T23:59:00Z"), "2023-05-20T01:00");
  EXPECT_EQ(LastUntil("every 15m", "2023-05-20T14:44:00Z"), "2023-05-20T14:30");
  EXPECT_EQ(LastUntil(":30", "1969-12-31T23:10:00Z"), "1969-12-31T22:30");
}

TEST(OccasionTest, IsWrittenForCronAndSystemd) {
  EXPECT_EQ(Occasion::Parse(":05")->CronFields(), "5 * * * *");
  EXPECT_EQ(Occasion::Parse("01:07")->CronFields(), "7 1 * * *");
  EXPECT_EQ(Occasion::Parse("every 1m")->CronFields(), "* * * * *");
  EXPECT_EQ(Occasion::Parse("every 15m")->CronFields(), "*/15 * * * *");
  EXPECT_EQ(Occasion::Parse(":05")->SystemdCalendar(), "*-*-* *:05:00 UTC");
  EXPECT_EQ(Occasion::Parse("01:07")->SystemdCalendar(), "*-*-* 01:07:00 UTC");
  EXPECT_EQ(Occasion::Parse("every 15m")->SystemdCalendar(), "*-*-* *:0/15:00 UTC");
}

TEST(OccasionTest, AnythingElseIsRefused) {
  for (const char* text : {"", ":", ":5", ":60", ":005", "1:00", "24:00", "01:60", "every 7m", "every 0m", "every 60m",
                           "every -5m", "every 5", "every  5m", "every 5m ", "on", "* * * * *", "01:00:00"}) {
    EXPECT_FALSE(Occasion::Parse(text)) << text;
  }
  EXPECT_TRUE(Occasion::Parse("off")->is_off());
}

}  // namespace
}  // namespace qlake::schedule
