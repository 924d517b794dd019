// The stream from an actual broker: every event once, whatever is killed, whoever owns the partitions.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <random>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/test_seed.h"
#include "kafka/producer.h"
#include "support/kafka_broker.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int kKilled = 128 + 9;
constexpr const char* kNumbers =
    "SELECT count(*), count(DISTINCT n), min(n), max(n) FROM (SELECT CAST(customerId AS BIGINT) * 10000 + "
    "CAST(productId AS "
    "BIGINT) AS n FROM app_events)";

std::string NumberedEvent(int64_t n) {
  char text[200];
  std::snprintf(
      text, sizeof text,
      R"({"eventType":"productView","customerId":"%05d","productId":"%04d","timestamp":"2023-12-28T10:%02d:00"})",
      static_cast<int>(n / 10'000), static_cast<int>(n % 10'000), static_cast<int>(n % 60));
  return text;
}

class KafkaStreamTest : public LakeTest {
 public:
  std::vector<std::string> Arguments(const KafkaBroker& broker, const std::string& topic,
                                     const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "stream", "--brokers", broker.at("plaintext"), "--topic", topic, "--group", "g" + topic, "--quiet",
        "--lake", lake()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult StreamUntilIdle(const KafkaBroker& broker, const std::string& topic,
                                std::vector<std::string> more = {}) const {
    more.push_back("--until-idle");
    return Qlake(Arguments(broker, topic, more), {}, folder());
  }
  static std::unique_ptr<kafka::Producer> Produce(const KafkaBroker& broker, const std::string& topic) {
    kafka::ProducerOptions options;
    options.connection = broker.Plaintext();
    options.topic = topic;
    return std::make_unique<kafka::Producer>(options);
  }
  // offsets,loaded,dead letters of all partitions, and whether each closes.
  std::string Ledger() const {
    std::string csv = MustRun({"ledger", "--format", "csv"});
    return csv.substr(csv.find('\n') + 1);
  }
};

TEST_F(KafkaStreamTest, ATopicComesOnceWithItsPlaces) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(3);
  auto producer = Produce(broker, topic);
  for (int64_t n = 0; n < 3000; ++n) producer->Send(std::to_string(n % 100), NumberedEvent(n));
  producer->Send("1", "poison");
  producer->Flush();
  auto first = StreamUntilIdle(broker, topic, {"--batch-messages", "700"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(StreamUntilIdle(broker, topic).out, "stream: 0 messages = 0 loaded + 0 dead letters, in 0 batches\n");
  EXPECT_EQ(Sql(kNumbers), "3000,3000,0,2999\n");
  EXPECT_EQ(Sql("SELECT count(DISTINCT _partition), min(_topic) FROM app_events"), "3," + topic + "\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events_dead_letter WHERE kind = 'event'"), "1\n");
  EXPECT_EQ(Ledger().find("false"), std::string::npos) << Ledger();
}

TEST_F(KafkaStreamTest, StatusMetricsAndDoctorAskTheBrokerHowFarItIs) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(2);
  auto producer = Produce(broker, topic);
  for (int64_t n = 0; n < 100; ++n) producer->Send(std::to_string(n), NumberedEvent(n));
  producer->Flush();
  ASSERT_EQ(StreamUntilIdle(broker, topic).exit_code, 0);
  std::vector<std::string> where = {"--lake", lake(), "--brokers", broker.at("plaintext")};
  auto ask = [&](std::vector<std::string> command) {
    command.insert(command.end(), where.begin(), where.end());
    auto result = Qlake(command, {}, folder());
    EXPECT_EQ(result.exit_code, 0) << command[0] << "\n" << result.out << result.err;
    return result.out;
  };
  // Of each partition, and all together.
  auto lags = [&] {
    int64_t in_status = 0;
    auto streams = base::Json::parse(ask({"status", "--topic", topic, "--json"})).at("streams");
    for (const auto& partition : streams.at(0).at("partitions")) in_status += partition.at("lag").get<int64_t>();
    int64_t in_metrics = 0;
    std::stringstream metrics(ask({"metrics", "--topic", topic}));
    for (std::string line; std::getline(metrics, line);) {
      if (line.starts_with("qlake_stream_lag_messages{")) in_metrics += std::stoll(line.substr(line.rfind(' ')));
    }
    return std::pair(in_status, in_metrics);
  };
  EXPECT_EQ(lags(), std::pair(int64_t{0}, int64_t{0}));
  for (int64_t n = 100; n < 170; ++n) producer->Send(std::to_string(n), NumberedEvent(n));
  producer->Flush();
  EXPECT_EQ(lags(), std::pair(int64_t{70}, int64_t{70}));
  ASSERT_EQ(StreamUntilIdle(broker, topic).exit_code, 0);
  EXPECT_EQ(lags(), std::pair(int64_t{0}, int64_t{0}));
  std::string findings = ask({"doctor", "--topic", topic, "--json"});
  EXPECT_NE(findings.find("topic " + topic + " has 2 partitions"), std::string::npos) << findings;
  where[3] = "127.0.0.1:1";
  std::string unknown = ask({"status", "--topic", topic});
  EXPECT_NE(unknown.find("the lag is not known"), std::string::npos) << unknown;
}

TEST_F(KafkaStreamTest, ATopicMadeAnewUnderItsNameBeginsAnew) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(1);
  auto producer = Produce(broker, topic);
  for (int64_t n = 0; n < 10; ++n) producer->Send("k", NumberedEvent(n));
  producer->Flush();
  ASSERT_EQ(StreamUntilIdle(broker, topic).exit_code, 0);
  // What retention took before it was read is told, and not passed over.
  for (int64_t n = 10; n < 20; ++n) producer->Send("k", NumberedEvent(n));
  producer->Flush();
  broker.DeleteBefore(topic, 0, 15);
  auto stopped = StreamUntilIdle(broker, topic);
  EXPECT_EQ(stopped.exit_code, 1) << stopped.err;
  EXPECT_EQ(Sql(kNumbers), "10,10,0,9\n");
}

TEST_F(KafkaStreamTest, ATopicThatBeginsBehindItsFirstOffsetIsAccountedFor) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(1);
  auto producer = Produce(broker, topic);
  for (int64_t n = 0; n < 20; ++n) producer->Send("k", NumberedEvent(n));
  producer->Flush();
  broker.DeleteBefore(topic, 0, 15);
  auto result = StreamUntilIdle(broker, topic);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Sql(kNumbers), "5,5,15,19\n");
  EXPECT_EQ(Sql("SELECT _offset, offsets, kind FROM app_events_dead_letter"), "0,15,no_message\n");
  EXPECT_EQ(Ledger(), ",app_events," + topic + "/0,5,5,0,0,true\n");
}

// kill -9 of the stream, and of the broker, while a producer writes on.
TEST_F(KafkaStreamTest, NumberedEventsComeOnceEachWhateverIsKilled) {
  const char* given = std::getenv("QLAKE_EVENTS");
  const int64_t count = given != nullptr ? std::atoll(given) : 100'000;
  std::mt19937_64 random(base::TestSeed());
  KafkaBroker broker;
  std::string topic = broker.NewTopic(4);
  std::atomic<bool> produced = false;
  std::thread producing([&] {
    auto producer = Produce(broker, topic);
    for (int64_t n = 0; n < count; ++n) {
      producer->Send(std::to_string(n % 1000), NumberedEvent(n));
      if (n % 500 == 499) std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
    producer->Flush();
    produced = true;
  });
  int stream_kills = 0;
  int broker_kills = 0;
  while (!produced) {
    RunningQlake stream(
        Arguments(broker, topic, {"--instance", "one", "--batch-age", "50ms", "--refresh-every", "500ms"}), {},
        folder());
    std::this_thread::sleep_for(std::chrono::milliseconds(1000 + random() % 2000));
    if (stream_kills % 3 == 1) {
      broker.Kill();
      broker.Restart();
      ++broker_kills;
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1000));
    }
    EXPECT_FALSE(stream.HasEnded()) << stream.Wait().err;
    stream.Signal(SIGKILL);
    EXPECT_EQ(stream.Wait().exit_code, kKilled);
    ++stream_kills;
  }
  producing.join();
  auto last = StreamUntilIdle(broker, topic, {"--instance", "one"});
  EXPECT_EQ(last.exit_code, 0) << last.err;
  std::string n = std::to_string(count);
  EXPECT_EQ(Sql(kNumbers), n + "," + n + ",0," + std::to_string(count - 1) + "\n");
  EXPECT_EQ(Sql("SELECT CAST(sum(event_count) AS BIGINT) FROM marts.events_10_minutes"), n + "\n");
  EXPECT_EQ(Ledger().find("false"), std::string::npos) << Ledger();
  std::printf("%d kills of the stream, %d of the broker\n", stream_kills, broker_kills);
}

// Others of the group read all there is.
TEST_F(KafkaStreamTest, AnInstanceWithoutAPartitionEndsWhenIdle) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(1);
  auto producer = Produce(broker, topic);
  for (int64_t n = 0; n < 100; ++n) producer->Send("k", NumberedEvent(n));
  producer->Flush();
  RunningQlake owner(Arguments(broker, topic, {"--batch-age", "100ms"}), {}, folder());
  std::this_thread::sleep_for(std::chrono::seconds(5));
  auto idle = StreamUntilIdle(broker, topic);
  EXPECT_EQ(idle.exit_code, 0) << idle.err;
  EXPECT_FALSE(owner.HasEnded()) << owner.Wait().err;
  owner.Signal(SIGTERM);
  EXPECT_EQ(owner.Wait().exit_code, 0);
  StreamUntilIdle(broker, topic);
  EXPECT_EQ(Sql(kNumbers), "100,100,0,99\n");
}

TEST_F(KafkaStreamTest, TwoInstancesShareThePartitionsAndARebalanceDoublesNothing) {
  auto& broker = KafkaBroker::Shared();
  std::string topic = broker.NewTopic(4);
  auto producer = Produce(broker, topic);
  auto send = [&](int64_t from, int64_t to) {
    for (int64_t n = from; n < to; ++n) producer->Send(std::to_string(n % 1000), NumberedEvent(n));
    producer->Flush();
  };
  send(0, 5000);
  auto arguments = Arguments(broker, topic, {"--batch-age", "100ms"});
  RunningQlake first(arguments, {}, folder());
  std::this_thread::sleep_for(std::chrono::seconds(4));
  RunningQlake second(arguments, {}, folder());
  for (int64_t n = 5000; n < 15'000; n += 1000) {
    send(n, n + 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
  }
  first.Signal(SIGTERM);
  EXPECT_EQ(first.Wait().exit_code, 0) << first.Wait().err;
  send(15'000, 16'000);
  second.Signal(SIGTERM);
  EXPECT_EQ(second.Wait().exit_code, 0) << second.Wait().err;
  auto last = StreamUntilIdle(broker, topic);
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(Sql(kNumbers), "16000,16000,0,15999\n");
  EXPECT_EQ(Ledger().find("false"), std::string::npos) << Ledger();
}

}  // namespace
}  // namespace qlake::testing
