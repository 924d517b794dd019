#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison_report.h"
#include "engine/engine.h"
#include "lake/lake.h"
#include "model/project.h"

namespace qlake::compare {

struct ComparisonOptions {
  std::set<std::string> kinds;           // Of kKinds; none: all.
  uint64_t seed = 1;                     // Of the odd values.
  int64_t odd_rows = 4'000;              // That each function is called for.
  size_t differences_max = 10;           // Told of each thing that is compared.
  uint64_t batch_bytes_max = 512 << 20;  // model::ProcessOptions, of the embedded engine.
  std::function<void(const std::string& stage)> on_stage;
  // Another session on the Spark server, over another storage.
  std::function<std::unique_ptr<engine::Engine>(storage::Storage& storage)> open_spark;
};

// What the embedded engine and Spark say of one lake, row by row: the project's functions on odd values; every table as
// it is published; every report, and the dump of some dates, over these; every model and check, computed anew by each
// engine from the received files, in lakes of their own; models of events, computed by each over the events. The lake's
// tables are read at the versions that are there at the start, and none is written. An engine that refuses what the
// other answers differs; Error{kUnavailable} and Error{kIo} of either end the comparison.
class LakeComparison {
 public:
  // REQUIRES: the lake's engine is Spark (Lake::UseEngine).
  LakeComparison(lake::Lake& lake, const model::Project& project, ComparisonOptions options);
  ~LakeComparison();

  ComparisonReport Run();
  void Interrupt();  // From another thread: Run() throws Error{kUnavailable}. REQUIRES: lake.database() was called.

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace qlake::compare
