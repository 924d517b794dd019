#pragma once

#include <string>
#include <vector>

#include "run/metric.h"

namespace qlake::serve {

// Prometheus' text format, which a scrape and node_exporter's textfile collector read.
std::string FormatMetrics(const std::vector<run::Metric>& metrics);

// Takes the file's place in one piece: the collector reads it at any moment. Throws Error{kIo}.
void WriteMetricsFile(const std::string& path, const std::string& text);

}  // namespace qlake::serve
