#include "run/run_record.h"

#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "base/process_memory.h"

namespace qlake::run {
namespace {

void LogEnd(const StepRecord& step) {
  base::Json fields = {{"seconds", step.seconds},
                       {"files", step.files},
                       {"rows", step.rows},
                       {"bytes", step.bytes},
                       {"peak_memory_bytes", step.peak_memory_bytes}};
  if (step.failure.empty()) {
    base::LogInfo("step done", fields);
    return;
  }
  fields["stage"] = step.stage;
  base::LogFailure("step failed", step.failure, fields);
}

}  // namespace

std::string MessageOf(const std::exception& failure) {
  const auto* error = dynamic_cast<const base::Error*>(&failure);
  return error != nullptr ? error->message() : failure.what();
}

void RunRecord::Step(const std::string& name, lake::Writer* writer, const std::function<void(StepRecord&)>& body) {
  base::LogScope scope({"", name});
  base::LogInfo("step begins");
  auto began = std::chrono::steady_clock::now();
  size_t commits_before = writer != nullptr ? writer->commits().size() : 0;
  steps_.emplace_back().step = name;
  is_within_step_ = true;
  auto end = [&] {
    is_within_step_ = false;
    auto& step = steps_.back();
    if (writer != nullptr) {
      auto commits = writer->commits();
      step.commits.insert(step.commits.end(), commits.begin() + static_cast<std::ptrdiff_t>(commits_before),
                          commits.end());
    }
    step.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    step.peak_memory_bytes = base::PeakMemoryBytes();
    LogEnd(step);
  };
  try {
    body(steps_.back());
  } catch (const std::exception& failure) {
    if (writer != nullptr) writer->Settle();
    steps_.back().failure = MessageOf(failure);
    end();
    throw;
  }
  end();
}

void RunRecord::NoteStage(const std::string& stage) {
  if (is_within_step_) steps_.back().stage = stage;
}

void RunRecord::NoteReads(const lake::TableVersions& reads) {
  if (is_within_step_) steps_.back().reads.insert(reads.begin(), reads.end());
}

base::Json RunRecord::ToJson() const {
  base::Json json = base::Json::array();
  for (const auto& step : steps_) json.push_back(run::ToJson(step));
  return json;
}

}  // namespace qlake::run
