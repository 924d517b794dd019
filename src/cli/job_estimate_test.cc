#include "cli/job_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace qlake::cli {
namespace {

struct Recorded {
  std::string stage;
  double expected;
  double took;
};

// Reading files is the stage that knows how far it has come.
std::optional<double> MeterOf(const std::string& stage, double share) {
  return stage.starts_with("staging") ? std::optional(share) : std::nullopt;
}

// Goes through a batch as it was recorded and asks at moments inside each stage; the greatest error of the whole job's
// time, as a share of it, of those after the first quarter.
double GreatestError(JobEstimate& estimate, const std::vector<Recorded>& stages, double begins, double later,
                     double ends) {
  model::BatchOutlook outlook{{}, later};
  for (const auto& stage : stages) outlook.stages.push_back({stage.stage, stage.expected});
  estimate.Expect(outlook, begins);
  double now = begins;
  double greatest = 0;
  for (const auto& stage : stages) {
    estimate.Begin(stage.stage, now);
    for (double share : {0.0, 0.3, 0.6, 0.9}) {
      double at = now + share * stage.took;
      if (at < ends / 4) continue;
      double total = at + estimate.SecondsLeft(at, MeterOf(stage.stage, share)).value();
      greatest = std::max(greatest, std::abs(total - ends) / ends);
    }
    now += stage.took;
  }
  return greatest;
}

// 24 hours x 100,000 rows: what the stages were expected to take and what they took.
const std::vector<Recorded> kBatch = {{"staging sales", 0.80, 0.81},   {"finding duplicates of sales", 0.27, 0.24},
                                      {"building dim_1", 0.31, 0.46},  {"building dim_2", 0.31, 0.13},
                                      {"building mart_1", 0.19, 0.17}, {"building mart_2", 0.19, 0.11},
                                      {"building mart_3", 0.19, 0.11}, {"building mart_4", 0.19, 0.21},
                                      {"building mart_5", 0.19, 0.28}, {"writing fact", 1.53, 1.60},
                                      {"writing mart_1", 0.09, 0.12},  {"writing mart_2", 0.09, 0.01},
                                      {"writing mart_3", 0.09, 0.02},  {"writing mart_4", 0.09, 0.11},
                                      {"writing mart_5", 0.09, 0.15},  {"writing quarantine", 0.07, 0.07}};

TEST(JobEstimateTest, ABatchIsWithinATenthAfterTheFirstQuarter) {
  double took = 0.7 + 0.35;  // Ingest before it, dumps and reports behind.
  for (const auto& stage : kBatch) took += stage.took;
  JobEstimate estimate;
  EXPECT_LT(GreatestError(estimate, kBatch, 0.7, 0, took), 0.1);
}

TEST(JobEstimateTest, AMachineOfHalfTheSpeedIsRecognisedByItsFirstStages) {
  auto slow = kBatch;
  for (auto& stage : slow) stage.took *= 2;
  double took = 1.4 + 0.7;
  for (const auto& stage : slow) took += stage.took;
  JobEstimate estimate;
  EXPECT_LT(GreatestError(estimate, slow, 1.4, 0, took), 0.1);
}

TEST(JobEstimateTest, WhatTheFirstBatchTookIsExpectedOfTheNextOnes) {
  // Three batches, of which each stage takes something else than was expected, but the same in each.
  auto odd = kBatch;
  for (size_t i = 0; i < odd.size(); ++i) odd[i].took = odd[i].expected * (i % 2 == 0 ? 1.6 : 0.7);
  double expected = 0;
  double took = 0;
  for (const auto& stage : odd) expected += stage.expected;
  for (const auto& stage : odd) took += stage.took;
  double ends = 3 * took + 0.35 * took / expected;
  JobEstimate estimate;
  GreatestError(estimate, odd, 0, 2 * expected, ends);
  EXPECT_LT(GreatestError(estimate, odd, took, expected, ends), 0.05);
  EXPECT_LT(GreatestError(estimate, odd, 2 * took, 0, ends), 0.05);
}

TEST(JobEstimateTest, AMeterTellsTheStagesTimeAndTheMachinesPace) {
  JobEstimate estimate;
  EXPECT_FALSE(estimate.SecondsLeft(1, std::nullopt));
  estimate.Expect({{{"staging sales", 1}, {"writing fact", 1}}, 0}, 0);
  estimate.Begin("staging sales", 0);
  // Half of a second took three: the other half takes three, and what comes behind six times what was expected.
  EXPECT_NEAR(estimate.SecondsLeft(3, 0.5).value(), 3 + 6 + 2, 1);
}

TEST(JobEstimateTest, AStageThatIsLeftOutIsNotWaitedFor) {
  JobEstimate estimate;
  estimate.Expect({{{"writing a", 1}, {"writing b", 100}, {"writing c", 1}}, 0}, 0);
  estimate.Begin("writing a", 0);
  EXPECT_GT(estimate.SecondsLeft(0.5, std::nullopt).value(), 100);
  estimate.Begin("writing c", 1);
  EXPECT_LT(estimate.SecondsLeft(1.5, std::nullopt).value(), 2);
  estimate.Begin("writing dumps", 2);
  EXPECT_LT(estimate.SecondsLeft(5, std::nullopt).value(), 1);
}

// A run of three small files on Spark over HDFS, on a busy machine: the stages as model::OutlookOf expects them and
// what they took. The first one waited for the server's first statement.
const std::vector<Recorded> kServersBatch = {
    {"staging branches", 11, 87},     {"staging agents", 11, 7.3},      {"staging sales", 11, 11},
    {"finding duplicates", 5, 6.1},   {"building branch_dim", 9, 11},   {"building customer_dim", 9, 12},
    {"building date_dim", 3.2, 4},    {"building product_dim", 9, 6},   {"building agent_dim", 9, 9},
    {"building fact", 0.4, 0.4},      {"building mart_1", 3.2, 3.4},    {"building mart_2", 3.2, 3.1},
    {"building mart_3", 3.2, 3.5},    {"building mart_4", 3.2, 4.3},    {"building mart_5", 3.2, 2.7},
    {"building quarantine_1", 1, .9}, {"building quarantine_2", 1, 1},  {"building quarantine_3", 1, 1.3},
    {"writing fact", 8, 5.8},         {"writing customer_dim", 2, 3.2}, {"writing date_dim", 2, 1.2},
    {"writing product_dim", 2, 1.9},  {"writing agent_dim", 2, 1.9},    {"writing mart_1", 1.5, 1.5},
    {"writing mart_2", 1.5, 0.9},     {"writing mart_3", 1.5, 0.9},     {"writing mart_4", 1.5, 1},
    {"writing mart_5", 1.5, 1.8},     {"writing quarantine", 2, 1.2}};

TEST(JobEstimateTest, AServersFirstStageSaysNothingAndTheNextOnesSayHowFastItIs) {
  model::BatchOutlook outlook;
  outlook.is_of_server = true;
  outlook.tail_seconds = 8;
  for (const auto& stage : kServersBatch) outlook.stages.push_back({stage.stage, stage.expected});
  // A server that is four times as fast as the recorded one is known by its pace.
  for (double speed : {1.0, 0.25}) {
    double ends = 6 * speed;
    for (const auto& stage : kServersBatch) ends += stage.took * speed;
    JobEstimate estimate;
    estimate.Expect(outlook, 0);
    double now = 0;
    double greatest = 0;
    for (size_t i = 0; i < kServersBatch.size(); ++i) {
      estimate.Begin(kServersBatch[i].stage, now);
      double at = now + 0.5 * kServersBatch[i].took * speed;
      auto left = estimate.SecondsLeft(at, std::nullopt);
      EXPECT_EQ(left.has_value(), i >= 2) << i;
      if (left) greatest = std::max(greatest, std::abs(at + *left - ends) / ends);
      now += kServersBatch[i].took * speed;
    }
    EXPECT_LT(greatest, 0.2);
  }
}

}  // namespace
}  // namespace qlake::cli
