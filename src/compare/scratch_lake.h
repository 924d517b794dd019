#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "lake/records.h"
#include "model/process.h"

namespace qlake::compare {

// Where a comparison keeps what Spark computes, in the lake: the one place that a Spark server is known to reach. Each
// has a folder of its own below it; what a killed one left goes with vacuum.
inline constexpr const char* kComparisons = "_qlake/compare";

// A lake of its own that holds received files of another one, in their order, and what an engine makes of them.
class ScratchLake {
 public:
  // Does no I/O.
  ScratchLake(const lake::LakeOptions& options, const base::Clock& clock) : lake_(options, clock) {}

  // Takes files of the other lake in: their bytes, and what raw.files says of them, numbered by their place in `files`.
  void TakeIn(const storage::Storage& from, const std::vector<lake::FileRecord>& files);
  // Computes the models on lake().engine().
  model::ProcessReport Process(const model::Project& project, const model::ProcessOptions& options);

  lake::Lake& lake() { return lake_; }

 private:
  lake::Lake lake_;
};

}  // namespace qlake::compare
