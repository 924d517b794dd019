#include "serve/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace qlake::serve {

std::string FormatMetrics(const std::vector<run::Metric>& metrics) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& metric : metrics) {
    bool is_counter = metric.kind == run::Metric::Kind::kCounter;
    prometheus::MetricFamily family{
        metric.name, metric.help, is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge, {}};
    for (const auto& sample : metric.samples) {
      prometheus::ClientMetric line;
      for (const auto& [name, value] : sample.labels) line.label.push_back({name, value});
      (is_counter ? line.counter.value : line.gauge.value) = sample.value;
      family.metric.push_back(std::move(line));
    }
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

void WriteMetricsFile(const std::string& path, const std::string& text) {
  std::filesystem::path file(path);
  std::filesystem::path written = file.parent_path() / ("." + file.filename().string() + ".tmp");
  std::ofstream stream(written, std::ios::binary | std::ios::trunc);
  if (!(stream << text << std::flush)) throw base::IoError("cannot write the metrics to {}", written.string());
  stream.close();
  std::error_code failed;
  std::filesystem::rename(written, file, failed);
  if (failed) throw base::IoError("cannot write the metrics to {}: {}", path, failed.message());
}

}  // namespace qlake::serve
