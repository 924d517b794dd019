#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "lake/writer.h"

namespace qlake::run {

// What one step of a run did; filled in while it does it, so that a step that fails says how far it came.
struct StepRecord {
  std::string step;     // ingest, process, event marts, dump, compact, stream
  std::string stage;    // What it was at last, such as "writing warehouse.product_dim".
  std::string failure;  // Empty: it is done.
  double seconds = 0;
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;                       // Of its input.
  uint64_t peak_memory_bytes = 0;          // That the process has had in use until its end.
  lake::TableVersions reads;               // The versions in, as far as they were fixed beforehand.
  std::vector<lake::TableCommit> commits;  // The versions out.
};

// An element of "steps" in the details of ops.runs (docs/operations.md).
base::Json ToJson(const StepRecord& step);

}  // namespace qlake::run
