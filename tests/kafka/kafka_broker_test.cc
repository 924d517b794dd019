// The room kafka against an actual broker.
#include "support/kafka_broker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <thread>

#include "base/error.h"
#include "kafka/cluster.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "support/failure_of.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;
using kafka::Batch;
using kafka::Connection;
using kafka::Consumer;
using kafka::ConsumerOptions;
using kafka::Producer;
using kafka::StartOffset;

kafka::Rebalance From(int64_t offset) {
  return {.assigned =
              [offset](std::span<const int32_t> partitions) {
                std::vector<StartOffset> starts;
                for (int32_t partition : partitions) starts.push_back({partition, offset});
                return starts;
              },
          .revoked = nullptr};
}

// Sends texts that count up, each under a key of its own.
void Number(const Connection& connection, const std::string& topic, int from, int to) {
  Producer producer({.connection = connection, .topic = topic});
  for (int i = from; i < to; ++i) producer.Send("k" + std::to_string(i), std::to_string(i));
  producer.Flush();
  EXPECT_EQ(producer.acknowledged(), to - from);
}

// What a consumer read, and that it came in order and without holes.
struct Readings {
  std::map<int32_t, int64_t> next;
  std::multiset<int> numbers;
  std::set<int32_t> ended;

  void Add(const Batch& batch) {
    for (const auto& message : batch.messages()) {
      auto [at, is_first] = next.try_emplace(message.partition, message.offset);
      EXPECT_EQ(message.offset, at->second) << "partition " << message.partition;
      at->second = message.offset + 1;
      numbers.insert(std::stoi(std::string(message.value)));
    }
    for (const auto& end : batch.ends()) ended.insert(end.partition);
  }
};

void ReadUntil(Consumer& consumer, Readings& readings, const std::function<bool()>& done) {
  auto deadline = std::chrono::steady_clock::now() + 120s;
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << consumer.trouble().value_or("no trouble");
    readings.Add(consumer.Poll(100ms, 10'000));
  }
}

void ExpectNumbers(const Readings& readings, int count) {
  ASSERT_EQ(readings.numbers.size(), static_cast<size_t>(count));
  int expected = 0;
  for (int number : readings.numbers) ASSERT_EQ(number, expected++);
}

class KafkaTest : public ::testing::Test {
 protected:
  KafkaBroker& broker_ = KafkaBroker::Shared();
};

TEST_F(KafkaTest, WhatWasProducedIsConsumedOnceAndInOrderInEachPartition) {
  std::string topic = broker_.NewTopic(3, {{"message.timestamp.type", "LogAppendTime"}});
  Number(broker_.Plaintext(), topic, 0, 50'000);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(kafka::kFromBeginning));
  Readings readings;
  ReadUntil(consumer, readings, [&] { return readings.ended.size() == 3; });
  ExpectNumbers(readings, 50'000);
  EXPECT_EQ(readings.next.size(), 3u);
  EXPECT_EQ(consumer.Lag(), 0);
  for (auto [partition, next] : readings.next) {
    EXPECT_EQ(consumer.KnownEnd(partition), next);
    EXPECT_EQ(consumer.Offsets(partition).begin, 0);
    EXPECT_EQ(consumer.Offsets(partition).end, next);
  }
}

TEST_F(KafkaTest, AMessageHasItsKeyAndTheBrokersTimeAndMayHaveNoValue) {
  std::string topic = broker_.NewTopic(1, {{"message.timestamp.type", "LogAppendTime"}});
  {
    Producer producer({.connection = broker_.Plaintext(), .topic = topic, .compression = "zstd"});
    producer.Send("85001", "{}");
    producer.Send("", "");
    producer.Flush();
  }
  auto now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(0));
  Batch batch = consumer.Poll(10s, 10);
  ASSERT_EQ(batch.messages().size(), 2u);
  const auto& message = batch.messages()[0];
  EXPECT_EQ(message.key, "85001");
  EXPECT_EQ(message.value, "{}");
  EXPECT_TRUE(message.time_is_brokers);
  EXPECT_NEAR(static_cast<double>(message.time_ms), static_cast<double>(now_ms.count()), 60'000);
  EXPECT_EQ(batch.bytes(), 7u);
  Batch moved = std::move(batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(moved.messages()[0].value, "{}");
}

TEST_F(KafkaTest, ItGoesOnWhereItsCallerSays) {
  std::string topic = broker_.NewTopic(1);
  Number(broker_.Plaintext(), topic, 0, 1000);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic, .group = "g-" + topic}, From(400));
  Readings readings;
  ReadUntil(consumer, readings, [&] { return readings.ended.size() == 1; });
  EXPECT_EQ(*readings.numbers.begin(), 400);
  EXPECT_EQ(readings.numbers.size(), 600u);
}

TEST_F(KafkaTest, ABrokerKilledAndStartedAgainIsReadOnWithoutAHole) {
  KafkaBroker broker;
  std::string topic = broker.NewTopic(2);
  const char* rounds = std::getenv("QLAKE_ROUNDS");
  const int kills = rounds == nullptr ? 1 : std::stoi(rounds);
  const int count = 60'000 * kills;
  std::thread writer([&] { Number(broker.Plaintext(), topic, 0, count); });
  Consumer consumer({.connection = broker.Plaintext(), .topic = topic, .group = "g"}, From(kafka::kFromBeginning));
  Readings readings;
  auto read = [&] { return static_cast<int>(readings.numbers.size()); };
  for (int kill = 0; kill < kills; ++kill) {
    ReadUntil(consumer, readings, [&] { return read() > 60'000 * kill + 1000; });
    broker.Kill();
    for (int i = 0; i < 10; ++i) readings.Add(consumer.Poll(100ms, 10'000));
    EXPECT_TRUE(consumer.trouble().has_value());
    broker.Restart();
  }
  ReadUntil(consumer, readings, [&] { return read() >= count; });
  writer.join();
  ExpectNumbers(readings, count);
  ReadUntil(consumer, readings, [&] { return !consumer.trouble().has_value(); });
}

TEST_F(KafkaTest, EachWayToLogInWorks) {
  std::string topic = broker_.NewTopic(1);
  std::vector<Connection> connections = {broker_.Ssl()};
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    connections.push_back(broker_.Sasl(mechanism));
    connections.push_back(broker_.SaslSsl(mechanism));
  }
  int sent = 0;
  for (const auto& connection : connections) {
    SCOPED_TRACE(connection.protocol + " " + connection.mechanism);
    Number(connection, topic, sent, sent + 10);
    sent += 10;
    Consumer consumer({.connection = connection, .topic = topic}, From(0));
    Readings readings;
    ReadUntil(consumer, readings, [&] { return readings.ended.size() == 1; });
    ExpectNumbers(readings, sent);
  }
}

TEST_F(KafkaTest, AWrongPasswordIsAClearErrorAndNotTriedAgain) {
  std::string topic = broker_.NewTopic(1);
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    for (Connection connection : {broker_.Sasl(mechanism), broker_.SaslSsl(mechanism)}) {
      SCOPED_TRACE(connection.protocol + " " + mechanism);
      connection.password = "wrong-secret";
      connection.timeout = 1h;
      std::string reader =
          FailureOf([&] { Consumer({.connection = connection, .topic = topic}, From(0)); }, base::ErrorKind::kInput);
      std::string writer =
          FailureOf([&] { Producer({.connection = connection, .topic = topic}); }, base::ErrorKind::kInput);
      for (const auto& message : {reader, writer}) {
        EXPECT_NE(message.find("check protocol, user, password and CA"), std::string::npos) << message;
        EXPECT_NE(message.find("uthentication"), std::string::npos) << message;
        EXPECT_EQ(message.find("wrong-secret"), std::string::npos) << message;
      }
    }
  }
}

TEST_F(KafkaTest, AnAuthorityThatDidNotSignTheBrokerIsAClearErrorAndNotTriedAgain) {
  std::string topic = broker_.NewTopic(1);
  for (Connection connection : {broker_.Ssl(), broker_.SaslSsl("PLAIN")}) {
    connection.ca_file = broker_.at("other_ca_file");
    connection.timeout = 1h;
    std::string message =
        FailureOf([&] { Consumer({.connection = connection, .topic = topic}, From(0)); }, base::ErrorKind::kInput);
    EXPECT_NE(message.find("certificate verify failed"), std::string::npos) << message;
  }
}

TEST_F(KafkaTest, AFileThatIsNoAuthorityIsRefusedBeforeAnythingIsSent) {
  Connection connection = broker_.SaslSsl("PLAIN");
  connection.ca_file = "/no/such/authority.pem";
  std::string message =
      FailureOf([&] { Consumer({.connection = connection, .topic = "any"}, From(0)); }, base::ErrorKind::kInput);
  EXPECT_NE(message.find("/no/such/authority.pem"), std::string::npos) << message;
}

TEST_F(KafkaTest, ComingWithoutTlsToABrokerThatWantsItNamesTheProtocol) {
  Connection connection = broker_.Plaintext();
  connection.brokers = broker_.at("ssl");
  connection.timeout = 3s;
  std::string message = FailureOf([&] { kafka::Cluster cluster(connection); }, base::ErrorKind::kUnavailable);
  EXPECT_NE(message.find("speaks plaintext"), std::string::npos) << message;
  EXPECT_NE(message.find("closed by peer"), std::string::npos) << message;
}

TEST_F(KafkaTest, NoBrokerAndNoTopicAreDifferentErrors) {
  Connection nowhere = {.brokers = "127.0.0.1:1", .timeout = 1s};
  EXPECT_NE(FailureOf([&] { Consumer({.connection = nowhere, .topic = "t"}, From(0)); }, base::ErrorKind::kUnavailable)
                .find("no broker that speaks plaintext answers at 127.0.0.1:1 within 1000 ms"),
            std::string::npos);
  std::string message = FailureOf([&] { Consumer({.connection = broker_.Plaintext(), .topic = "no-such"}, From(0)); },
                                  base::ErrorKind::kInput);
  EXPECT_NE(message.find("has no topic no-such"), std::string::npos) << message;
}

TEST_F(KafkaTest, AnOffsetThatVanishedOrIsNotThereYetStopsLoudly) {
  std::string topic = broker_.NewTopic(1);
  Number(broker_.Plaintext(), topic, 0, 100);
  broker_.DeleteBefore(topic, 0, 50);
  for (int64_t offset : {10, 500}) {
    Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(offset));
    Readings readings;
    std::string message =
        FailureOf([&] { ReadUntil(consumer, readings, [] { return false; }); }, base::ErrorKind::kCorrupt);
    EXPECT_NE(message.find("does not have offset " + std::to_string(offset)), std::string::npos) << message;
    EXPECT_NE(message.find("it has 50 to 99"), std::string::npos) << message;
    EXPECT_TRUE(readings.numbers.empty());
  }
}

TEST_F(KafkaTest, ATopicMadeAnewUnderTheSameNameIsNotTheSame) {
  std::string topic = broker_.NewTopic(1);
  Number(broker_.Plaintext(), topic, 0, 10);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(0));
  Readings readings;
  ReadUntil(consumer, readings, [&] { return readings.ended.size() == 1; });
  EXPECT_NO_THROW(consumer.CheckTopicIsTheSame());
  broker_.DeleteTopic(topic);
  kafka::Cluster cluster(broker_.Plaintext());
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!cluster.CreateTopic(topic, 1) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(50ms);
  EXPECT_NE(cluster.Describe(topic).id, consumer.topic().id);
  EXPECT_EQ(cluster.Id(), consumer.cluster_id());
  std::string message = FailureOf([&] { consumer.CheckTopicIsTheSame(); }, base::ErrorKind::kCorrupt);
  EXPECT_NE(message.find("was deleted and made anew"), std::string::npos) << message;
}

// Two instances of a group that keep their offsets in one place, as the lake is one.
class Instance {
 public:
  Instance(const KafkaBroker& broker, const std::string& topic, std::map<int32_t, int64_t>& offsets,
           const std::string& name = "")
      : offsets_(offsets),
        consumer_({.connection = broker.Plaintext(),
                   .topic = topic,
                   .group = "g-" + topic,
                   .instance = name,
                   .session_timeout = name.empty() ? 6s : 20min},  // It is not waited out.
                  {.assigned = [this](auto partitions) { return StartsOf(partitions); },
                   .revoked = [this](auto partitions, bool) { revoked_ += static_cast<int>(partitions.size()); }}) {}

  void Read() {
    Batch batch = consumer_.Poll(50ms, 100);
    for (const auto& message : batch.messages()) {
      EXPECT_EQ(offsets_[message.partition], message.offset);
      offsets_[message.partition] = message.offset + 1;
      numbers_.insert(std::stoi(std::string(message.value)));
    }
  }
  size_t partitions() const { return consumer_.assigned().size(); }
  int revoked() const { return revoked_; }
  const std::multiset<int>& numbers() const { return numbers_; }

 private:
  std::vector<StartOffset> StartsOf(std::span<const int32_t> partitions) {
    std::vector<StartOffset> starts;
    for (int32_t partition : partitions) starts.push_back({partition, offsets_[partition]});
    return starts;
  }

  std::map<int32_t, int64_t>& offsets_;
  std::multiset<int> numbers_;
  int revoked_ = 0;
  Consumer consumer_;
};

void RunUntil(const std::function<bool()>& done, const std::vector<Instance*>& instances) {
  auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    for (Instance* instance : instances) instance->Read();
  }
}

TEST_F(KafkaTest, TwoConsumersOfAGroupShareThePartitionsAndEachMessageIsReadOnce) {
  std::string topic = broker_.NewTopic(4);
  constexpr int kCount = 20'000;
  Number(broker_.Plaintext(), topic, 0, kCount);
  std::map<int32_t, int64_t> offsets;
  Instance first(broker_, topic, offsets);
  RunUntil([&] { return first.partitions() == 4 && first.numbers().size() > 1000; }, {&first});
  std::multiset<int> numbers;
  {
    Instance second(broker_, topic, offsets);
    RunUntil([&] { return first.partitions() == 2 && second.partitions() == 2; }, {&first, &second});
    EXPECT_EQ(first.revoked(), 2);
    RunUntil([&] { return second.numbers().size() > 1000; }, {&first, &second});
    numbers = second.numbers();
  }
  RunUntil([&] { return first.partitions() == 4 && first.numbers().size() + numbers.size() >= kCount; }, {&first});
  numbers.insert(first.numbers().begin(), first.numbers().end());
  Readings together;
  together.numbers = numbers;
  ExpectNumbers(together, kCount);
}

TEST_F(KafkaTest, AnInstanceWithANameComesBackToItsPartitionsAtOnce) {
  std::string topic = broker_.NewTopic(2);
  Number(broker_.Plaintext(), topic, 0, 100);
  std::map<int32_t, int64_t> offsets;
  {
    Instance first(broker_, topic, offsets, "one");
    RunUntil([&] { return first.partitions() == 2; }, {&first});
  }
  Instance again(broker_, topic, offsets, "one");
  RunUntil([&] { return again.partitions() == 2; }, {&again});
}

TEST_F(KafkaTest, APausedConsumerHandsOutNothingAndLosesNothing) {
  std::string topic = broker_.NewTopic(1);
  Number(broker_.Plaintext(), topic, 0, 5000);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(0));
  Readings readings;
  ReadUntil(consumer, readings, [&] { return readings.numbers.size() > 100; });
  consumer.Pause();
  readings.Add(consumer.Poll(100ms, 10'000));  // What was under way.
  size_t before = readings.numbers.size();
  for (int i = 0; i < 5; ++i) readings.Add(consumer.Poll(50ms, 10'000));
  EXPECT_EQ(readings.numbers.size(), before);
  consumer.Resume();
  ReadUntil(consumer, readings, [&] { return readings.numbers.size() >= 5000; });
  ExpectNumbers(readings, 5000);
}

TEST_F(KafkaTest, WhatComesAfterTheEndWasReachedIsNotSkippedByAPause) {
  std::string topic = broker_.NewTopic(1);
  Number(broker_.Plaintext(), topic, 0, 10);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic}, From(0));
  Readings readings;
  ReadUntil(consumer, readings, [&] { return readings.ended.size() == 1; });
  consumer.Pause();
  Number(broker_.Plaintext(), topic, 10, 20);
  readings.Add(consumer.Poll(300ms, 100));
  consumer.Resume();
  ReadUntil(consumer, readings, [&] { return readings.numbers.size() >= 20; });
  ExpectNumbers(readings, 20);
}

TEST_F(KafkaTest, WakeEndsAPollThatWaits) {
  Consumer consumer({.connection = broker_.Plaintext(), .topic = broker_.NewTopic(1)}, From(kafka::kFromEnd));
  while (!consumer.Poll(1s, 10).ends().empty()) {
  }
  std::thread waker([&] {
    std::this_thread::sleep_for(100ms);
    consumer.Wake();
  });
  EXPECT_TRUE(consumer.Poll(1h, 10).empty());
  waker.join();
}

TEST_F(KafkaTest, WhatARebalanceThrowsComesOutOfPoll) {
  std::string topic = broker_.NewTopic(1);
  Consumer consumer({.connection = broker_.Plaintext(), .topic = topic, .group = "g-" + topic},
                    {.assigned = [](auto) -> std::vector<StartOffset> { throw base::IoError("the lake is gone"); },
                     .revoked = nullptr});
  std::string message = FailureOf(
      [&] {
        for (int i = 0; i < 200; ++i) static_cast<void>(consumer.Poll(100ms, 10));
      },
      base::ErrorKind::kIo);
  EXPECT_EQ(message, "the lake is gone");
}

}  // namespace
}  // namespace qlake::testing
