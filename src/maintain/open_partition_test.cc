#include "maintain/open_partition.h"

#include <gtest/gtest.h>

namespace qlake::maintain {
namespace {

const base::Timestamp kNow = *base::ParseTimestamp("2023-05-20T14:03:07Z");

bool IsOpen(std::vector<std::string> columns, delta::PartitionValues values) {
  delta::Metadata metadata;
  metadata.partition_columns = std::move(columns);
  return IsOpenPartition(metadata, values, kNow);
}

TEST(OpenPartitionTest, ADateIsOpenUntilItIsOver) {
  EXPECT_FALSE(IsOpen({"transaction_date"}, {{"transaction_date", "2023-05-19"}}));
  EXPECT_TRUE(IsOpen({"transaction_date"}, {{"transaction_date", "2023-05-20"}}));
  EXPECT_TRUE(IsOpen({"transaction_date"}, {{"transaction_date", "2024-01-01"}}));
}

TEST(OpenPartitionTest, AnHourIsOpenUntilItIsOver) {
  EXPECT_FALSE(IsOpen({"event_date", "event_hour"}, {{"event_date", "2023-05-20"}, {"event_hour", "13"}}));
  EXPECT_TRUE(IsOpen({"event_date", "event_hour"}, {{"event_date", "2023-05-20"}, {"event_hour", "14"}}));
  EXPECT_TRUE(IsOpen({"event_date", "event_hour"}, {{"event_date", "2023-05-21"}, {"event_hour", "00"}}));
  EXPECT_FALSE(IsOpen({"event_date", "event_hour"}, {{"event_date", "2023-05-19"}, {"event_hour", "23"}}));
}

TEST(OpenPartitionTest, WhatHasNoDateIsNeverOpen) {
  EXPECT_FALSE(IsOpen({}, {}));
  EXPECT_FALSE(IsOpen({"is_current"}, {{"is_current", "true"}}));
  EXPECT_FALSE(IsOpen({"transaction_date"}, {{"transaction_date", std::nullopt}}));
}

}  // namespace
}  // namespace qlake::maintain
