#include "support/kafka_broker.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "kafka/cluster.h"
#include "support/qlake_process.h"

namespace qlake::testing {
namespace {

std::string NewFolder() {
  char path[] = "/tmp/qlake_kafka_XXXXXX";
  return mkdtemp(path);
}

// What only tests do to a topic, on a client of its own.
class TopicSurgery {
 public:
  explicit TopicSurgery(const std::string& brokers) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char reason[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), reason, sizeof reason);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    queue_ = rd_kafka_queue_new(client_);
  }
  ~TopicSurgery() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(client_);
  }
  TopicSurgery(const TopicSurgery&) = delete;
  TopicSurgery& operator=(const TopicSurgery&) = delete;

  void DeleteTopic(const std::string& topic) {
    rd_kafka_DeleteTopic_t* deleted = rd_kafka_DeleteTopic_new(topic.c_str());
    rd_kafka_DeleteTopics(client_, &deleted, 1, nullptr, queue_);
    Await();
    rd_kafka_DeleteTopic_destroy(deleted);
  }

  void DeleteBefore(const std::string& topic, int32_t partition, int64_t offset) {
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = offset;
    rd_kafka_DeleteRecords_t* records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client_, &records, 1, nullptr, queue_);
    Await();
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
  }

 private:
  void Await() {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, 20'000);
    EXPECT_NE(event, nullptr);
    EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(event);
    rd_kafka_event_destroy(event);
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace

KafkaBroker::KafkaBroker() : folder_(NewFolder()) {
  Run("up");
  ReadFacts();
}

KafkaBroker::KafkaBroker(std::string folder) : folder_(std::move(folder)), is_ours_(false) { ReadFacts(); }

KafkaBroker::~KafkaBroker() {
  if (!is_ours_) return;
  Kill();
  std::filesystem::remove_all(folder_);
}

KafkaBroker& KafkaBroker::Shared() {
  static const char* folder = std::getenv("QLAKE_KAFKA");
  static std::unique_ptr<KafkaBroker> shared(folder != nullptr ? new KafkaBroker(folder) : new KafkaBroker);
  return *shared;
}

void KafkaBroker::Run(const std::string& command) const {
  std::vector<std::string> arguments = {QLAKE_REPOSITORY "/scripts/kafka.sh", command, folder_};
  if (command == "up") arguments.insert(arguments.end(), {"--watch", std::to_string(getpid())});
  ProcessResult result = RunProgram(arguments);
  if (result.exit_code != 0) throw std::runtime_error("kafka.sh " + command + ": " + result.err);
}

void KafkaBroker::ReadFacts() {
  std::ifstream file(folder_ + "/broker.env");
  for (std::string line; std::getline(file, line);) {
    size_t equals = line.find('=');
    facts_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

void KafkaBroker::Kill() const { Run("kill"); }
void KafkaBroker::Restart() const { Run("restart"); }

kafka::Connection KafkaBroker::Plaintext() const { return {.brokers = at("plaintext")}; }

kafka::Connection KafkaBroker::Sasl(const std::string& mechanism) const {
  return {.brokers = at("sasl_plaintext"),
          .protocol = "sasl_plaintext",
          .mechanism = mechanism,
          .username = at("username"),
          .password = at("password")};
}

kafka::Connection KafkaBroker::SaslSsl(const std::string& mechanism) const {
  kafka::Connection connection = Sasl(mechanism);
  connection.brokers = at("sasl_ssl");
  connection.protocol = "sasl_ssl";
  connection.ca_file = at("ca_file");
  return connection;
}

kafka::Connection KafkaBroker::Ssl() const {
  return {.brokers = at("ssl"),
          .protocol = "ssl",
          .ca_file = at("ca_file"),
          .certificate_file = at("certificate_file"),
          .key_file = at("key_file")};
}

std::string KafkaBroker::NewTopic(int partitions, const std::map<std::string, std::string>& config) const {
  static std::atomic<int> count = 0;
  std::string name = "t" + std::to_string(getpid()) + "-" + std::to_string(++count);
  kafka::Cluster(Plaintext()).CreateTopic(name, partitions, config);
  return name;
}

void KafkaBroker::DeleteTopic(const std::string& topic) const { TopicSurgery(at("plaintext")).DeleteTopic(topic); }

void KafkaBroker::DeleteBefore(const std::string& topic, int32_t partition, int64_t offset) const {
  TopicSurgery(at("plaintext")).DeleteBefore(topic, partition, offset);
}

}  // namespace qlake::testing
