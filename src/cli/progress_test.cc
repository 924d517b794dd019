#include "cli/progress.h"

#include <gtest/gtest.h>

namespace qlake::cli {
namespace {

TEST(ProgressTest, AScanUnderWayHasRatesAndTheJobsTimeLeft) {
  engine::ScanProgress scan{.bytes_done = 100'000'000, .bytes_total = 400'000'000, .rows_done = 1'000'000};
  EXPECT_EQ(DescribeProgress("staging sales", scan, 2, 16.0),
            "staging sales: 1,000,000 rows, 500,000 rows/s, 50.0 MB/s, 16 s left");
  EXPECT_EQ(DescribeProgress("staging sales", scan, 2, std::nullopt),
            "staging sales: 1,000,000 rows, 500,000 rows/s, 50.0 MB/s");
}

TEST(ProgressTest, WithoutAScanOnlyTheTimeIsKnown) {
  EXPECT_EQ(DescribeProgress("writing fact", {}, 2, std::nullopt), "writing fact: 2.0 s");
  EXPECT_EQ(DescribeProgress("writing fact", {}, 2, 1.5), "writing fact: 2.0 s, 1.5 s left");
  EXPECT_EQ(DescribeProgress("staging sales", {.bytes_done = 5, .bytes_total = 5, .rows_done = 1}, 2, std::nullopt),
            "staging sales: 2.0 s");
}

TEST(ProgressTest, AStagesEndHasItsRowsAndTime) {
  EXPECT_EQ(DescribeEnd("staging sales", {.bytes_done = 9, .bytes_total = 9, .rows_done = 6000}, 0.31, 2.0),
            "staging sales: 6,000 rows, 0.3 s, 2.0 s left");
  EXPECT_EQ(DescribeEnd("writing fact", {}, 0.04, std::nullopt), "writing fact: 0.0 s");
}

TEST(ProgressTest, QuietAsksNothingAndWritesNothing) {
  int asked = 0;
  testing::internal::CaptureStderr();
  {
    Progress progress(Progress::Style::kQuiet, [&asked] { return ++asked, engine::ScanProgress{}; });
    run::RunSettings settings;
    progress.Follow(settings);
    EXPECT_FALSE(settings.on_stage || settings.on_batch || settings.on_ingest);
    progress.Stage("staging sales");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(asked, 0);
}

TEST(ProgressTest, PlainIsALineAtTheEndOfEachStageThatTookAWhile) {
  engine::ScanProgress scan;
  testing::internal::CaptureStderr();
  {
    Progress progress(Progress::Style::kPlain, [&scan] { return scan; });
    progress.Stage("staging sales");
    scan = {.bytes_done = 9, .bytes_total = 9, .rows_done = 6000};
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    progress.Stage("writing fact");  // Over at once: no line.
  }
  std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_EQ(shown.substr(0, shown.find("0.")), "staging sales: 6,000 rows, ");
  EXPECT_EQ(shown.find("writing fact"), std::string::npos);
}

}  // namespace
}  // namespace qlake::cli
