// Messages that carry a schema's id, with an actual broker and an actual registry. All in one test: the registry takes
// some seconds to start.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "kafka/producer.h"
#include "kafka/schema_registry.h"
#include "kafka/wire_format.h"
#include "support/kafka_broker.h"
#include "support/lake_fixture.h"
#include "support/schema_registry_server.h"

namespace qlake::testing {
namespace {

class RegistryStreamTest : public LakeTest {
 public:
  std::vector<std::string> Arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "stream", "--brokers", broker_.at("plaintext"), "--topic", topic_, "--group", "g" + topic_, "--lake", lake()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult Stream(std::vector<std::string> more) const {
    more.insert(more.end(), {"--until-idle", "--quiet"});
    return Qlake(Arguments(more), {}, folder());
  }
  ProcessResult Produce(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"produce", "--brokers", broker_.at("plaintext"), "--topic", topic_, "--rate",
                                          "0",       "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Qlake(arguments, {}, folder());
  }
  void Send(const std::string& message) const {
    kafka::ProducerOptions options;
    options.connection = broker_.Plaintext();
    options.topic = topic_;
    kafka::Producer producer(options);
    producer.Send("k", message);
    producer.Flush();
  }
  std::string Ledger() const {
    std::string csv = MustRun({"ledger", "--format", "csv"});
    return csv.substr(csv.find('\n') + 1);
  }

 protected:
  KafkaBroker& broker_ = KafkaBroker::Shared();
  std::string topic_ = broker_.NewTopic(1, {{"message.timestamp.type", "LogAppendTime"}});
};

kafka::Schema JsonSchema(const std::string& title) {
  return {"JSON", R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","title":")" + title + "\"}"};
}

// Ids are given in order.
void RegisterUntil(kafka::SchemaRegistry& registry, int32_t id) {
  int32_t last = 0;
  for (int n = 0; last < id && n < 100; ++n) {
    last = registry.Register("more-value", JsonSchema(std::to_string(n)));
  }
  EXPECT_GE(last, id);
}

constexpr const char* kEvent =
    R"({"eventType":"productView","customerId":"10001","productId":"2001","timestamp":"2023-12-28T10:00:00"})";

TEST_F(RegistryStreamTest, SchemasAreLookedUpUnknownOnesAreDeadLettersAndARegistryThatIsAwayIsNone) {
  SchemaRegistryServer server;
  kafka::SchemaRegistry registry({.url = server.url()});

  auto produced = Produce({"--registry", server.url(), "--count", "3000"});
  ASSERT_EQ(produced.exit_code, 0) << produced.err;
  const int32_t id = registry.Register(topic_ + "-value", JsonSchema("event"));
  EXPECT_EQ(registry.Find(1)->type, "JSON") << "what produce registered";

  // Without a registry none of them can be read: the breaker opens, and says what to set.
  auto without = Stream({});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(without.err.find("no schema registry is set (--registry)"), std::string::npos) << without.err;

  // A topic that changes over has messages with and without; broken ones of all kinds among them.
  const int32_t avro = registry.Register("other-value", {"AVRO", R"({"type":"string"})"});
  Send(kEvent);
  Send(kafka::Frame(id, kEvent));
  Send(kafka::Frame(id + 20, kEvent));
  Send(kafka::Frame(avro, "\x02x"));
  Send(kafka::Frame(id, "{}"));
  Send(std::string("\0\0\1", 3));
  auto streamed = Stream({"--registry", server.url()});
  EXPECT_EQ(streamed.exit_code, 0) << streamed.err;
  EXPECT_EQ(streamed.out, "stream: 3006 messages = 3002 loaded + 4 dead letters, in 1 batches\n");
  EXPECT_EQ(Sql("SELECT _offset, reasons FROM app_events_dead_letter WHERE _offset < 3004 ORDER BY _offset"),
            "3002,\"[\"\"the schema registry knows no schema " + std::to_string(id + 20) +
                "\"\"]\"\n3003,\"[\"\"its schema " + std::to_string(avro) +
                " is one of AVRO, only JSON is read\"\"]\"\n");
  EXPECT_EQ(Sql("SELECT substr(hex(bytes), 1, 2) FROM app_events_dead_letter WHERE _offset = 3004"), "00\n")
      << "a dead letter is kept with its frame";
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events WHERE _rescued IS NOT NULL"), "0\n");

  // The setting may stand in qlake.toml; a schema that is known by now is replayed.
  std::ofstream(folder() + "/qlake.toml") << "[registry]\nurl = \"" << server.url() << "\"\n";
  RegisterUntil(registry, id + 20);
  EXPECT_EQ(MustRun({"replay"}), "replay: 4 dead letters judged, 1 put back\n");
  EXPECT_EQ(Sql("SELECT _offset FROM app_events WHERE _replayed_at IS NOT NULL"), "3002\n");

  // A registry that is away makes no dead letters: what has come before is written, and the stream waits.
  server.Kill();
  Send(kEvent);
  Send(kafka::Frame(id, kEvent));
  RunningQlake stream(Arguments({"--quiet"}), {}, folder());
  std::this_thread::sleep_for(std::chrono::seconds(8));
  EXPECT_FALSE(stream.HasEnded()) << stream.Wait().err;
  stream.Signal(SIGTERM);
  EXPECT_EQ(stream.Wait().exit_code, 0) << stream.Wait().err;
  EXPECT_EQ(Ledger(), ",app_events," + topic_ + "/0,3007,3004,3,0,true\n");
  auto away = Stream({});
  EXPECT_EQ(away.exit_code, 1);
  EXPECT_NE(away.err.find("schemas/ids"), std::string::npos) << away.err;
  EXPECT_EQ(Ledger(), ",app_events," + topic_ + "/0,3007,3004,3,0,true\n");
  server.Restart();
  // In memory, it has forgotten what it knew.
  RegisterUntil(registry, id);
  EXPECT_EQ(Stream({}).exit_code, 0);
  EXPECT_EQ(Ledger(), ",app_events," + topic_ + "/0,3008,3005,3,0,true\n");
}

}  // namespace
}  // namespace qlake::testing
