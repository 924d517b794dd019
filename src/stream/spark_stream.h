#pragma once

#include "kafka/consumer.h"
#include "spark/connection.h"
#include "stream/stream.h"

namespace qlake::stream {

struct SparkStreamOptions {
  spark::Connection spark;
  kafka::ConsumerOptions kafka;  // The group does not count: one stream on Spark reads all partitions.
};

// The stream, computed by Spark: two queries of Structured Streaming at a Connect server read the topic, one for events
// and one for dead letters, by one rule (events/rule_sql.h). Each puts its rows into an outbox of its own
// (stream/spark_outbox.h); from there their files go into the tables' folders and are committed here, with the same
// positions as Stream's: dead letters first, so that either stream can go on where the other one was killed. Drift is
// not noted, and no registry asked.
//
// The queries begin at the lake's positions with new checkpoints whenever they are started: after a restart, after they
// failed, after the server was gone. What they had not handed over until then is computed again.
class SparkStream final : public EventStream {
 public:
  SparkStream(lake::Lake& lake, const events::EventShape& shape, SparkStreamOptions spark, StreamOptions options);
  ~SparkStream() override;
  SparkStream(const SparkStream&) = delete;
  SparkStream& operator=(const SparkStream&) = delete;

  StreamReport Run() override;
  void Stop() override;
  StreamReport report() const override;

 private:
  class Work;

  std::unique_ptr<Work> work_;
};

}  // namespace qlake::stream
