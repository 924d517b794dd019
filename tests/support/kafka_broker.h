#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kafka/connection.h"

namespace qlake::testing {

// An actual Apache Kafka of scripts/kafka.sh. It ends when this process does, however that ends.
class KafkaBroker {
 public:
  KafkaBroker();   // Starts one for this test alone, which may kill it.
  ~KafkaBroker();  // Stops it, if it was started here.

  // The one that all tests of this run share: ctest's (QLAKE_KAFKA names its folder), else one that this process
  // starts. Nobody may stop it; each test has topics of its own.
  static KafkaBroker& Shared();

  void Kill() const;     // As kill -9 does.
  void Restart() const;  // On the same addresses, with the same data.

  const std::string& folder() const { return folder_; }
  const std::string& at(const std::string& key) const { return facts_.at(key); }  // A line of broker.env.
  kafka::Connection Plaintext() const;
  kafka::Connection Sasl(const std::string& mechanism) const;
  kafka::Connection SaslSsl(const std::string& mechanism) const;
  kafka::Connection Ssl() const;

  // A new topic under a name that no other test has.
  std::string NewTopic(int partitions, const std::map<std::string, std::string>& config = {}) const;
  void DeleteTopic(const std::string& topic) const;
  // Deletes what lies before the offset, as retention does.
  void DeleteBefore(const std::string& topic, int32_t partition, int64_t offset) const;

 private:
  explicit KafkaBroker(std::string folder);
  void Run(const std::string& command) const;
  void ReadFacts();

  std::string folder_;
  bool is_ours_ = true;
  std::map<std::string, std::string> facts_;
};

}  // namespace qlake::testing
