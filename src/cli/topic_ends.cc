#include "cli/topic_ends.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/kafka_settings.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{3'000};  // Whoever asks has other things to tell.

}  // namespace

std::optional<int64_t> TopicEnds::EndOf(const stream::PartitionAccount& account) {
  if (!failure_.empty() || settings_.Text("kafka.brokers").empty() || account.topic != settings_.Text("kafka.topic")) {
    return std::nullopt;
  }
  try {
    if (!consumer_) {
      kafka::ConsumerOptions options;
      options.connection = KafkaConnectionOf(settings_);
      options.connection.timeout = kPatience;
      options.topic = account.topic;
      consumer_ = std::make_unique<kafka::Consumer>(options, kafka::Rebalance{});
    }
    return consumer_->Offsets(account.partition).end;
  } catch (const base::Error& error) {
    base::LogWarn("the lag of the stream is not known", {{"topic", account.topic}, {"why", error.message()}});
    failure_ = error.message();
    return std::nullopt;
  }
}

}  // namespace qlake::cli
