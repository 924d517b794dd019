#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "lake/lake.h"

namespace qlake::cli {

// The settings that MetricsText() obeys.
std::vector<std::string> MetricsKeys();

// The numbers of the lake as Prometheus reads them. When brokers of Kafka are set, they are asked how far the topic is;
// their silence leaves the lag out, and nothing else.
std::string MetricsText(const Context& context, lake::Lake& lake, const model::Project& project);

}  // namespace qlake::cli
