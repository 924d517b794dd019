#include "cli/job_estimate.h"

#include <algorithm>
#include <utility>

namespace qlake::cli {
namespace {

// How much has to be over before its pace counts more than what was expected.
constexpr double kTrustedShare = 0.02;

}  // namespace

void JobEstimate::Expect(model::BatchOutlook outlook, double now) {
  End(now);
  outlook_ = std::move(outlook);
  is_known_ = true;
  next_ = 0;
}

void JobEstimate::Begin(const std::string& stage, double now) {
  End(now);
  began_ = now;
  // A stage that is not needed is never begun.
  for (size_t i = next_; i < outlook_.stages.size(); ++i) {
    if (outlook_.stages[i].stage != stage) continue;
    current_ = outlook_.stages[i];
    next_ = i + 1;
    return;
  }
}

void JobEstimate::End(double now) {
  if (!current_) return;
  auto ended = *std::exchange(current_, std::nullopt);
  if (!std::exchange(is_warm_, true) && outlook_.is_of_server) return;
  double took = now - began_;
  expected_done_ += ended.seconds;
  took_done_ += took;
  if (ended.seconds > 0) pace_of_[ended.stage] = took / ended.seconds;
}

double JobEstimate::Pace(double now, std::optional<double> share_done) const {
  double all = outlook_.later_seconds;
  for (const auto& stage : outlook_.stages) all += stage.seconds;
  double trusted = outlook_.is_of_server ? 0 : kTrustedShare * all;
  double took = took_done_ + trusted;
  double expected = expected_done_ + trusted;
  if (current_) {
    double elapsed = now - began_;
    // Without a meter a stage says something about the machine only when it is overdue.
    bool is_overdue = elapsed > current_->seconds * (expected > 0 ? took / expected : 1);
    double share = share_done.value_or(is_overdue ? 1 : 0);
    if (share > 0) {
      took += elapsed;
      expected += share * current_->seconds;
    }
  }
  return expected > 0 ? took / expected : 1;
}

std::optional<double> JobEstimate::SecondsLeft(double now, std::optional<double> share_done) const {
  if (!is_known_ || (outlook_.is_of_server && took_done_ == 0)) return std::nullopt;
  double pace = Pace(now, share_done);
  auto expected_of = [&](const model::StageCost& stage) {
    auto known = pace_of_.find(stage.stage);
    return stage.seconds * (known == pace_of_.end() ? pace : known->second);
  };
  double left = (outlook_.later_seconds + outlook_.tail_seconds) * pace;
  for (size_t i = next_; i < outlook_.stages.size(); ++i) left += expected_of(outlook_.stages[i]);
  if (current_) {
    double elapsed = now - began_;
    double expected = share_done && *share_done > 0 ? elapsed / *share_done : expected_of(*current_);
    left += std::max(expected - elapsed, 0.0);
  }
  return left;
}

}  // namespace qlake::cli
