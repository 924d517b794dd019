#include "run/calendar.h"

#include <gtest/gtest.h>

namespace qlake::run {
namespace {

base::Hour At(const std::string& hour) { return *base::ParseHour("2023-05-" + hour); }

lake::FileRecord File(int64_t seq, const std::string& source, const std::string& hour) {
  lake::FileRecord file;
  file.seq = seq;
  file.source = source;
  file.hour = At(hour);
  file.file_id = source + hour;
  return file;
}

SourceCalendar CalendarOf(const std::vector<lake::FileRecord>& files, const std::map<std::string, int64_t>& processed,
                          const std::string& expect, const std::string& now) {
  auto expectations = *Expectations::Parse(expect);
  expectations.grace = std::chrono::minutes(30);
  return BuildCalendar({"a"}, files, processed, expectations, *base::ParseTimestamp("2023-05-" + now)).front();
}

TEST(CalendarTest, AnHourIsMissedWhenItAndTheGraceAreOver) {
  std::vector<lake::FileRecord> files = {File(1, "a", "20T00")};
  std::map<std::string, int64_t> processed = {{"a20T00", 1}};
  EXPECT_TRUE(CalendarOf(files, processed, "2023-05-20T00", "20T02:29:59Z").gaps.empty());
  auto missed = CalendarOf(files, processed, "2023-05-20T00", "20T02:30:00Z");
  EXPECT_EQ(missed.gaps, (std::vector<HourSpan>{{At("20T01"), At("20T01")}}));
  EXPECT_EQ(missed.complete_until, At("20T00"));
  EXPECT_EQ(CalendarOf(files, processed, "2023-05-20T00", "25T00:00:00Z").hours_missing(), 118);
}

TEST(CalendarTest, AFileClosesItsGapAndWhatIsCompleteGrowsAsFarAsTheNextOne) {
  std::vector<lake::FileRecord> files = {File(1, "a", "20T00"), File(2, "a", "20T03"), File(3, "a", "20T04")};
  std::map<std::string, int64_t> processed = {{"a20T00", 1}, {"a20T03", 2}, {"a20T04", 3}};
  auto before = CalendarOf(files, processed, "auto", "30T00:00:00Z");
  EXPECT_EQ(before.gaps, (std::vector<HourSpan>{{At("20T01"), At("20T02")}}));
  EXPECT_EQ(before.newest_closed, At("20T04"));
  EXPECT_EQ(before.complete_until, At("20T00"));
  files.push_back(File(4, "a", "20T01"));
  EXPECT_EQ(CalendarOf(files, processed, "auto", "30T00:00:00Z").complete_until, At("20T00")) << "not processed yet";
  EXPECT_EQ(CalendarOf(files, processed, "auto", "30T00:00:00Z").hours_waiting, 1);
  processed["a20T01"] = 4;
  EXPECT_EQ(CalendarOf(files, processed, "auto", "30T00:00:00Z").complete_until, At("20T01"));
  files.push_back(File(5, "a", "20T02"));
  processed["a20T02"] = 5;
  auto closed = CalendarOf(files, processed, "auto", "30T00:00:00Z");
  EXPECT_TRUE(closed.gaps.empty());
  EXPECT_EQ(closed.complete_until, At("20T04"));
}

TEST(CalendarTest, ACorrectionThatWaitsOpensItsHourAgain) {
  std::vector<lake::FileRecord> files = {File(1, "a", "20T00"), File(3, "a", "20T01")};
  auto calendar = CalendarOf(files, {{"a20T00", 1}, {"a20T01", 2}}, "auto", "30T00:00:00Z");
  EXPECT_EQ(calendar.newest_closed, At("20T00"));
  EXPECT_EQ(calendar.hours_waiting, 1);
}

TEST(CalendarTest, WhatCameTellsOfHolesAndOfSourcesThatFellSilent) {
  std::vector<lake::FileRecord> files = {File(1, "a", "20T00"), File(2, "b", "20T02")};
  EXPECT_EQ(CalendarOf(files, {}, "auto", "30T00:00:00Z").hours_missing(), 2);
  EXPECT_EQ(CalendarOf(files, {}, "off", "30T00:00:00Z").hours_missing(), 0);
  EXPECT_EQ(CalendarOf({}, {}, "auto", "30T00:00:00Z").hours_missing(), 0);
}

TEST(CalendarTest, AClockThatLeaptCountsFewerOrMoreHoursAndLosesNone) {
  std::vector<lake::FileRecord> files = {File(1, "a", "20T00"), File(2, "a", "20T02")};
  std::map<std::string, int64_t> processed = {{"a20T00", 1}, {"a20T02", 2}};
  EXPECT_EQ(CalendarOf(files, processed, "2023-05-20T00", "01T00:00:00Z").hours_missing(), 0);
  EXPECT_EQ(CalendarOf(files, processed, "2023-05-20T00", "01T00:00:00Z").newest_closed, At("20T02"));
}

TEST(CalendarTest, ExpectationsAreReadStrictly) {
  auto named = Expectations::Parse("branches=2023-05-20T00, sales_agents = 2023-05-21T05");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->from.at("sales_agents"), At("21T05"));
  for (const char* text : {"", "on", "2023-05-20", "a=", "=2023-05-20T00", "a=2023-05-20T00,", "2023-05-20T24",
                           "a=2023-05-20T00,a=2023-05-20T01"}) {
    EXPECT_FALSE(Expectations::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace qlake::run
