#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "model/project.h"
#include "run/calendar.h"
#include "run/metric.h"
#include "stream/topic_ledger.h"

namespace qlake::run {

struct MetricsOptions {
  Expectations expectations;
  std::string version;  // Of qlake.
  // The offset behind the partition's last message, asked of the broker; nothing when it does not answer.
  std::function<std::optional<int64_t>(const stream::PartitionAccount&)> end_offset;
};

// The state of a lake in numbers (docs/operations.md lists them): what its own tables say, so that it does not matter
// which process asks, and nothing is lost when one dies. Takes no lease and writes nothing.
std::vector<Metric> CollectMetrics(lake::Lake& lake, const model::Project& project, const MetricsOptions& options);

}  // namespace qlake::run
