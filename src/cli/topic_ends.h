#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/settings.h"
#include "kafka/consumer.h"
#include "stream/topic_ledger.h"

namespace qlake::cli {

// Asks the brokers of the settings, if there are any, how far a topic goes. Their silence is logged, and asked no more.
class TopicEnds {
 public:
  explicit TopicEnds(const Settings& settings) : settings_(settings) {}

  // The offset behind the partition's last message; nothing when nobody says it.
  std::optional<int64_t> EndOf(const stream::PartitionAccount& account);
  const std::string& failure() const { return failure_; }  // Why they are silent; empty: they are not, or not asked.

 private:
  const Settings& settings_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::string failure_;
};

}  // namespace qlake::cli
