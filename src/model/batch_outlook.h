#pragma once

#include <string>
#include <vector>

#include "model/plan.h"

namespace qlake::model {

// A stage that a batch will go through, and what it took on one machine, from the bytes of its source: how long it
// takes compared with the others is much the same on all machines.
struct StageCost {
  std::string stage;  // As on_stage calls it.
  double seconds = 0;
};

// What is to come when a batch begins.
struct BatchOutlook {
  std::vector<StageCost> stages;  // Of this batch, in their order.
  double later_seconds = 0;       // Of the batches after it.
  double tail_seconds = 0.35;     // Behind the last batch: dumps and reports.
  // A server that nobody has asked before needs much longer for its first stage than that stage costs, and how fast it
  // is nobody knows: the seconds say how stages compare, and nothing of how long they take.
  bool is_of_server = false;
  lake::TableVersions reads;  // The versions that the batch reads.
};

enum class ComputedBy { kEmbeddedEngine, kServer };

// `later_bytes`: of files that wait behind the batch.
BatchOutlook OutlookOf(const Plan& plan, int64_t later_bytes, ComputedBy computed_by);

// What stages are called.
std::string StagingStage(const std::string& source);
std::string DuplicatesStage(const std::string& source);
std::string BuildingStage(const std::string& table);
std::string WritingStage(const std::string& table);

}  // namespace qlake::model
