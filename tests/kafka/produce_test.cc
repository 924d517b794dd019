// `qlake produce` and `qlake simulate events`, the real binary against an actual broker.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "kafka/consumer.h"
#include "support/kafka_broker.h"
#include "support/qlake_process.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using base::Json;

// A working folder without a qlake.toml but for the test's own.
class ProduceTest : public ::testing::Test {
 protected:
  ProduceTest() {
    char path[] = "/tmp/qlake_produce_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~ProduceTest() override { fs::remove_all(folder_); }

  ProcessResult Run(const std::vector<std::string>& arguments, const Environment& environment = {}) const {
    return Qlake(arguments, environment, folder_);
  }

  std::string Text(const std::string& name) const {
    std::ifstream file(fs::path(folder_) / name, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::vector<std::string> Lines(const std::string& name) const {
    std::vector<std::string> lines;
    std::stringstream text(Text(name));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  std::string folder_;
  KafkaBroker& broker_ = KafkaBroker::Shared();
};

// The texts of a topic by partition, and the partitions of each key.
struct Topic {
  std::map<int32_t, std::vector<std::string>> texts;
  std::map<std::string, int32_t> partition_of;
  int64_t messages = 0;

  Topic(const KafkaBroker& broker, const std::string& name) {
    kafka::Consumer consumer({.connection = broker.Plaintext(), .topic = name},
                             {.assigned =
                                  [](auto partitions) {
                                    std::vector<kafka::StartOffset> starts;
                                    for (int32_t partition : partitions) starts.push_back({partition, 0});
                                    return starts;
                                  },
                              .revoked = nullptr});
    std::map<int32_t, int64_t> ended;
    while (static_cast<int>(ended.size()) < consumer.topic().partitions) {
      auto batch = consumer.Poll(100ms, 10'000);
      for (const auto& message : batch.messages()) Add(message);
      for (const auto& end : batch.ends()) ended[end.partition] = end.offset;
    }
  }

  void Add(const kafka::Message& message) {
    ++messages;
    EXPECT_TRUE(message.time_is_brokers);
    texts[message.partition].emplace_back(message.value);
    auto [at, is_new] = partition_of.try_emplace(std::string(message.key), message.partition);
    EXPECT_EQ(at->second, message.partition) << "key " << message.key;
  }
};

TEST_F(ProduceTest, EventsReachTheTopicOnceKeyedByCustomerAndInOrder) {
  auto result = Run({"produce", "--brokers", broker_.at("plaintext"), "--topic", "produced", "--partitions", "3",
                     "--rate", "0", "--count", "20000", "--numbered", "--seed", "7", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  Json report = Json::parse(result.out);
  EXPECT_EQ(report["events"], 20'000);
  EXPECT_EQ(report["broken"], 0);

  Topic topic(broker_, "produced");
  EXPECT_EQ(topic.messages, 20'000);
  EXPECT_EQ(topic.texts.size(), 3u);
  std::vector<bool> seen(20'000, false);
  for (const auto& [partition, texts] : topic.texts) {
    int64_t last = -1;
    for (const auto& text : texts) {
      int64_t sequence = Json::parse(text)["sequence"];
      EXPECT_GT(sequence, last);
      EXPECT_FALSE(seen[static_cast<size_t>(sequence)]);
      seen[static_cast<size_t>(sequence)] = true;
      last = sequence;
    }
  }
}

TEST_F(ProduceTest, BrokenAndLateEventsAreCountedAndArriveToo) {
  auto result = Run({"produce", "--brokers", broker_.at("plaintext"), "--topic",
                     broker_.NewTopic(1, {{"message.timestamp.type", "LogAppendTime"}}), "--rate", "0", "--count",
                     "500", "--bad", "no-json=0.2,oversize=0.01", "--late", "0.1", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  Json report = Json::parse(result.out);
  EXPECT_NEAR(report["broken_by_kind"]["no-json"].get<double>(), 100, 40);
  EXPECT_GE(report["broken_by_kind"]["oversize"], 1);
  EXPECT_NEAR(report["late"].get<double>(), 50, 30);
}

TEST_F(ProduceTest, ARateIsKept) {
  auto result = Run({"produce", "--to-file", "events.jsonl", "--rate", "200", "--for", "2s", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NEAR(Json::parse(result.out)["events"].get<double>(), 400, 40);
}

TEST_F(ProduceTest, AFileIsContinuedWhereItEnds) {
  ASSERT_EQ(
      Run({"produce", "--to-file", "events.jsonl", "--rate", "0", "--count", "10", "--start", "2023-05-20T14:00:00Z"})
          .exit_code,
      0);
  std::ofstream(fs::path(folder_) / "events.jsonl", std::ios::app) << "{\"cut";
  ASSERT_EQ(Run({"produce", "--to-file", "events.jsonl", "--rate", "0", "--count", "10", "--first", "10", "--start",
                 "2023-05-20T14:00:00.010Z"})
                .exit_code,
            0);
  auto lines = Lines("events.jsonl");
  ASSERT_EQ(lines.size(), 21u);
  EXPECT_EQ(lines[10], "{\"cut");
  lines.erase(lines.begin() + 10);
  ASSERT_EQ(
      Run({"simulate", "events", "--out", "whole.jsonl", "--count", "20", "--start", "2023-05-20T14:00:00Z"}).exit_code,
      0);
  EXPECT_EQ(Lines("whole.jsonl"), lines);
}

TEST_F(ProduceTest, SimulatedEventsAreTheSameForEqualSeeds) {
  for (const char* name : {"a", "b"}) {
    auto result = Run({"simulate", "events", "--out", name, "--count", "2000", "--seed", "5", "--bad", "0.05",
                       "--start", "2023-05-20T14:00:00Z"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("2000 events in "), std::string::npos) << result.out;
  }
  EXPECT_EQ(Text("a"), Text("b"));
  EXPECT_EQ(Lines("a").size(), 2000u);
}

TEST_F(ProduceTest, PasswordsComeByReferenceAndAWrongOneEndsWith2) {
  std::string topic = broker_.NewTopic(1);
  std::ofstream(fs::path(folder_) / "qlake.toml")
      << "[kafka]\nbrokers = \"" << broker_.at("sasl_ssl") << "\"\ntopic = \"" << topic
      << "\"\nprotocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-256\"\nusername = \"qlake\"\nca_file = \""
      << broker_.at("ca_file") << "\"\npassword = { file = \"password\" }\n";
  std::vector<std::string> produce = {"produce", "--rate", "0", "--count", "10"};
  std::ofstream(fs::path(folder_) / "password") << broker_.at("password") << "\n";
  auto result = Run(produce);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::ofstream(fs::path(folder_) / "password") << "wrong-secret\n";
  result = Run(produce);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("check protocol, user, password and CA"), std::string::npos) << result.err;
  EXPECT_EQ((result.err + result.out).find("wrong-secret"), std::string::npos) << result.err;
  // The environment counts before the file.
  EXPECT_EQ(Run(produce, {{"QLAKE_KAFKA_PASSWORD", broker_.at("password")}}).exit_code, 0);
  auto shown = Run({"config", "show"}, {{"QLAKE_KAFKA_PASSWORD", "wrong-secret"}});
  EXPECT_EQ(shown.out.find("wrong-secret"), std::string::npos) << shown.out;
}

TEST_F(ProduceTest, WrongUseExitsWith2AndSaysWhatToDo) {
  const std::map<std::string, std::vector<std::string>> wrong = {
      {"no brokers of kafka are set", {"produce"}},
      {"create it, or check its name", {"produce", "--brokers", broker_.at("plaintext"), "--topic", "no-such-topic"}},
      {"--rate must not be negative", {"produce", "--rate", "-1", "--to-file", "f"}},
      {"--for must be a duration", {"produce", "--for", "soon", "--to-file", "f"}},
      {"shares of bad events look like", {"produce", "--bad", "some", "--to-file", "f"}},
      {"--compression must be", {"produce", "--compression", "zip", "--to-file", "f"}},
      {"--start must look like", {"simulate", "events", "--start", "today"}},
  };
  for (const auto& [message, arguments] : wrong) {
    auto result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace qlake::testing
