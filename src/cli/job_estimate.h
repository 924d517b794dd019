#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/batch_outlook.h"

namespace qlake::cli {

// How long a job still takes. Each stage has an expected time (model::StageCost), measured on another machine: what the
// stages took so far says how much faster or slower this one is. A stage that an earlier batch had is expected to take
// what it took there. Moments are seconds since the job began.
class JobEstimate {
 public:
  // A batch begins.
  void Expect(model::BatchOutlook outlook, double now);
  void Begin(const std::string& stage, double now);
  void End(double now);  // The stage under way, if any.

  // `share_done`: of the stage under way, from 0 to 1, where it is known. Nothing before the first batch began, and of
  // a server before two stages have ended.
  std::optional<double> SecondsLeft(double now, std::optional<double> share_done) const;

 private:
  double Pace(double now, std::optional<double> share_done) const;

  model::BatchOutlook outlook_;
  bool is_known_ = false;  // What is to come.
  bool is_warm_ = false;   // A stage has ended: a server has begun to work.
  size_t next_ = 0;        // The first stage of the outlook that has not begun.
  std::optional<model::StageCost> current_;
  double began_ = 0;
  double expected_done_ = 0;               // Of the stages that are over,
  double took_done_ = 0;                   // and what they took.
  std::map<std::string, double> pace_of_;  // By stage, of the last batch that had it: took / expected.
};

}  // namespace qlake::cli
