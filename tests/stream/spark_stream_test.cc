// The stream that Spark computes, over an actual broker and an actual Connect server: every event once, whatever is
// killed, and whichever of the two streams goes on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "kafka/producer.h"
#include "storage/storage.h"
#include "support/hdfs_cluster.h"
#include "support/kafka_broker.h"
#include "support/lake_fixture.h"
#include "support/spark_server.h"

namespace qlake::testing {
namespace {

constexpr int kKilled = 128 + 9;

// Every tenth is none: of two types in one.
std::string NumberedEvent(int64_t n) {
  return fmt::format(
      R"({{"eventType":"productView","customerId":"{:05}","productId":"{:04}","timestamp":"2023-12-28T10:{:02}:00"{}}})",
      n / 10'000, n % 10'000, n % 60,
      n % 10 == 9 ? R"(,"quantity":"many")" : (n % 10 == 5 ? R"(,"screen":[1,"a"])" : ""));
}

class SparkStreamTest : public LakeTest {
 protected:
  void Produce(int64_t count) {
    kafka::ProducerOptions options;
    options.connection = broker_.Plaintext();
    options.topic = topic_;
    kafka::Producer producer(options);
    for (int64_t end = produced_ + count; produced_ < end; ++produced_) {
      producer.Send(std::to_string(produced_ % 100), NumberedEvent(produced_));
    }
    producer.Flush();
  }
  // Where the lake is that is streamed into.
  virtual std::vector<std::string> LakeFlags() const { return {"--lake", lake()}; }
  std::vector<std::string> Arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"stream",  "--brokers",  broker_.at("plaintext"), "--topic", topic_,
                                          "--group", "g" + topic_, "--log-level",           "info"};
    for (const auto& flags : {LakeFlags(), more}) arguments.insert(arguments.end(), flags.begin(), flags.end());
    return arguments;
  }
  std::vector<std::string> OnSpark(std::vector<std::string> more) const {
    more.insert(more.end(), {"--engine", "spark", "--spark-connect", Server().address()});
    return Arguments(more);
  }
  // Not the one that other tests share: queries of killed processes read on there.
  static SparkServer& Server() {
    static SparkServer server;
    return server;
  }
  void MustStream(const std::vector<std::string>& arguments, const Environment& environment = {}, int exit_code = 0) {
    auto result = Qlake(arguments, environment, folder());
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
  }
  void ExpectAllOnce() {
    EXPECT_EQ(
        Sql("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM (SELECT CAST(customerId AS BIGINT) * 10000 + "
            "CAST(productId AS BIGINT) AS n FROM app_events)"),
        fmt::format("{0},{0},0,{1}\n", produced_ / 10 * 9, produced_ - 2));
    EXPECT_EQ(Sql("SELECT count(*), count(DISTINCT (_partition, _offset)), min(reasons) FROM app_events_dead_letter"),
              fmt::format("{0},{0},\"[\"\"quantity must be a number, it is a string\"\"]\"\n", produced_ / 10));
    // No offset is in both, and of each partition they come without a hole.
    EXPECT_EQ(
        Sql("SELECT count(DISTINCT _partition), sum(offsets) FROM (SELECT _partition, max(_offset) + 1 - count(*) AS "
            "holes, count(*) - count(DISTINCT _offset) AS twice, count(*) AS offsets FROM (SELECT _partition, "
            "_offset FROM app_events UNION ALL SELECT _partition, _offset FROM app_events_dead_letter) GROUP BY "
            "_partition) WHERE holes = 0 AND twice = 0"),
        fmt::format("2,{}\n", produced_));
    std::string ledger = MustRun({"ledger", "--format", "csv"});
    EXPECT_EQ(ledger.find("false"), std::string::npos) << ledger;
  }
  static void WaitUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 600 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ASSERT_TRUE(done());
  }
  int64_t Loaded() const {
    auto result =
        Qlake({"sql", "--format", "csv", "--lake", lake(), "SELECT count(*) AS n FROM app_events"}, {}, folder());
    return result.exit_code == 0 ? std::atoll(result.out.substr(result.out.find('\n') + 1).c_str()) : 0;
  }

  KafkaBroker& broker_ = KafkaBroker::Shared();
  std::string topic_ = broker_.NewTopic(2);
  int64_t produced_ = 0;
};

TEST_F(SparkStreamTest, EitherStreamGoesOnWhereTheOtherOneStoppedOrWasKilled) {
  Produce(1000);
  // Killed between dead letters and events; the other one goes by its verdicts.
  MustStream(Arguments({"--until-idle"}), {{"QLAKE_CRASH_AT", "stream.before_events:1"}}, kKilled);
  Produce(1000);
  MustStream(OnSpark({"--until-idle"}), {{"QLAKE_CRASH_AT", "stream.before_events:2"}}, kKilled);
  EXPECT_EQ(Sql("SELECT count(*) < 1800 FROM app_events"), "true\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events_dead_letter"), "200\n");
  Produce(1000);
  MustStream(Arguments({"--until-idle"}));
  ExpectAllOnce();
  Produce(1000);
  MustStream(OnSpark({"--until-idle"}));
  ExpectAllOnce();
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events WHERE _rescued = '{\"screen\":[1,\"a\"]}'"), "400\n");
  Produce(1000);
  MustStream(Arguments({"--until-idle"}));
  ExpectAllOnce();
  MustRun({"verify"});
}

TEST_F(SparkStreamTest, QueriesThatOutliveTheirProcessWriteNothingThatCounts) {
  Produce(1000);
  RunningQlake killed(OnSpark({}), {}, folder());
  WaitUntil([&] { return Loaded() > 0 || killed.HasEnded(); });
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait().exit_code, kKilled);
  // They read on at the server while the embedded stream reads, too.
  Produce(2000);
  MustStream(Arguments({"--until-idle"}));
  ExpectAllOnce();
  Produce(1000);
  RunningQlake next(OnSpark({}), {}, folder());
  WaitUntil([&] { return Loaded() == produced_ / 10 * 9 || next.HasEnded(); });
  // A second one is refused while one is at work.
  Produce(1000);
  auto refused = Qlake(OnSpark({"--until-idle"}), {}, folder());
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_NE(refused.err.find("another stream on Spark writes to this lake"), std::string::npos) << refused.err;
  WaitUntil([&] { return Loaded() == produced_ / 10 * 9 || next.HasEnded(); });
  next.Signal(SIGINT);
  auto stopped = next.Wait();
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  ExpectAllOnce();
}

TEST_F(SparkStreamTest, AServerThatIsKilledAndComesBackIsWaitedFor) {
  SparkServer& server = Server();
  Produce(1000);
  RunningQlake stream(OnSpark({}), {}, folder());
  WaitUntil([&] { return Loaded() > 0 || stream.HasEnded(); });
  server.Kill();
  Produce(1000);
  server.Restart();
  WaitUntil([&] { return Loaded() == produced_ / 10 * 9 || stream.HasEnded(); });
  stream.Signal(SIGINT);
  auto stopped = stream.Wait();
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  ExpectAllOnce();
  server.Kill();
  auto away = Qlake(OnSpark({"--until-idle"}), {}, folder());
  EXPECT_EQ(away.exit_code, 0) << "there is nothing to read: " << away.err;
  Produce(10);
  away = Qlake(OnSpark({"--until-idle"}), {}, folder());
  EXPECT_EQ(away.exit_code, 1) << away.err;
  EXPECT_NE(away.err.find(std::to_string(server.port())), std::string::npos) << away.err;
  server.Restart();
  MustStream(OnSpark({"--until-idle"}));
  ExpectAllOnce();
}

TEST_F(SparkStreamTest, OffsetsWithoutAMessageAreAccountedForAndBadBatchesRefused) {
  Produce(400);
  broker_.DeleteBefore(topic_, 0, 15);
  MustStream(OnSpark({"--until-idle"}));
  EXPECT_EQ(Sql("SELECT _partition, _offset, offsets, kind FROM app_events_dead_letter WHERE kind <> 'event'"),
            "0,0,15,no_message\n");
  std::string ledger = MustRun({"ledger", "--format", "csv"});
  EXPECT_EQ(ledger.find("false"), std::string::npos) << ledger;
  std::string before = Sql("SELECT count(*) FROM app_events_dead_letter");
  kafka::ProducerOptions options;
  options.connection = broker_.Plaintext();
  options.topic = topic_;
  kafka::Producer producer(options);
  for (int i = 0; i < 500; ++i) producer.Send("k", "poison");
  producer.Flush();
  auto refused = Qlake(OnSpark({"--until-idle"}), {}, folder());
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_NE(refused.err.find("are no good events, nothing of it was written"), std::string::npos) << refused.err;
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events_dead_letter"), before);
  MustStream(OnSpark({"--until-idle", "--bad-share-max", "1"}));
  EXPECT_EQ(Sql("SELECT count(*) FROM app_events_dead_letter WHERE CAST(bytes AS VARCHAR) = 'poison'"), "500\n");
}

// Needs HDFS, too: `make soak` runs it.
class SparkStreamOnHdfsTest : public SparkStreamTest {
 protected:
  std::vector<std::string> LakeFlags() const override {
    return {"--lake", there_, "--webhdfs", cluster_.webhdfs(), "--hdfs-lease", "1s", "--lease-wait", "60s"};
  }
  // How many versions the events have there.
  size_t Versions() const {
    return storage::OpenStorage(there_, {.webhdfs = {cluster_.webhdfs()}})->List("events/app_events/_delta_log").size();
  }
  // Makes of the lake there the one that the other tests ask.
  void BringHome() const {
    auto copied =
        Qlake({"copy", "--from", there_, "--to", lake(), "--quiet", "--hdfs-lease", "1s", "--lease-wait", "60s"},
              {{"QLAKE_HDFS_WEBHDFS", cluster_.webhdfs()}}, folder());
    ASSERT_EQ(copied.exit_code, 0) << copied.err;
  }

  HdfsCluster& cluster_ = HdfsCluster::Shared();
  const std::string there_ = cluster_.NewFolder() + "/lake";
};

TEST_F(SparkStreamOnHdfsTest, EitherStreamGoesOnBehindTheOtherAndOneThatWasStoppedIsFenced) {
  Produce(1000);
  MustStream(Arguments({"--until-idle"}));
  Produce(1000);
  // Killed between dead letters and events.
  MustStream(OnSpark({"--until-idle"}), {{"QLAKE_CRASH_AT", "stream.before_events:1"}}, kKilled);
  Produce(1000);
  size_t before = Versions();
  RunningQlake stopped(OnSpark({"--refresh-every", "1s"}), {}, folder());
  WaitUntil([&] { return Versions() > before + 1 || stopped.HasEnded(); });
  stopped.Signal(SIGSTOP);
  // Its queries read these while it sleeps, and the embedded stream takes them.
  Produce(1000);
  MustStream(Arguments({"--until-idle"}));
  before = Versions();
  stopped.Signal(SIGCONT);
  Produce(1000);
  WaitUntil([&] { return Versions() > before || stopped.HasEnded(); });
  EXPECT_FALSE(stopped.HasEnded()) << stopped.ErrorsSoFar();
  stopped.Signal(SIGKILL);
  EXPECT_NE(stopped.Wait().err.find("another stream has read on"), std::string::npos);
  Produce(1000);
  MustStream(OnSpark({"--until-idle"}));
  BringHome();
  ExpectAllOnce();
  MustRun({"verify"});
}

}  // namespace
}  // namespace qlake::testing
