#pragma once

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "run/step_record.h"

namespace qlake::run {

// What a failure says for people.
std::string MessageOf(const std::exception& failure);

// The steps of one run, for its row in ops.runs and for the log. Not thread-safe.
class RunRecord {
 public:
  // Runs `body`, which fills in what it knows of the step, in a log scope of its name; time, memory and the commits of
  // `writer` (if there is one) are filled in here. What the body throws is recorded and thrown on, when everything that
  // the step has begun to commit has ended.
  void Step(const std::string& name, lake::Writer* writer, const std::function<void(StepRecord&)>& body);

  // What the step that runs is at. Between steps nothing happens.
  void NoteStage(const std::string& stage);
  void NoteReads(const lake::TableVersions& reads);

  const std::vector<StepRecord>& steps() const { return steps_; }
  base::Json ToJson() const;  // An array.

 private:
  std::vector<StepRecord> steps_;
  bool is_within_step_ = false;
};

}  // namespace qlake::run
