#include "cli/lake_metrics.h"

#include "cli/calendar_settings.h"
#include "cli/hdfs_settings.h"
#include "cli/kafka_settings.h"
#include "cli/topic_ends.h"
#include "cli/version.h"
#include "run/metrics.h"
#include "serve/metrics_text.h"

namespace qlake::cli {

std::vector<std::string> MetricsKeys() {
  std::vector<std::string> keys = {"project", "lake", "memory", "calendar.expect", "calendar.grace", "kafka.topic"};
  keys.insert(keys.end(), KafkaConnectionKeys().begin(), KafkaConnectionKeys().end());
  return WithHdfsKeys(std::move(keys));
}

std::string MetricsText(const Context& context, lake::Lake& lake, const model::Project& project) {
  TopicEnds ends(context.settings);
  run::MetricsOptions options;
  options.expectations = ExpectationsOf(context.settings);
  options.version = kVersion;
  options.end_offset = [&ends](const stream::PartitionAccount& account) { return ends.EndOf(account); };
  return serve::FormatMetrics(run::CollectMetrics(lake, project, options));
}

}  // namespace qlake::cli
