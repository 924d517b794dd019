#pragma once

#include <map>
#include <memory>
#include <string>

#include "kafka/connection.h"
#include "kafka/topic.h"

namespace qlake::kafka {

class Client;

// The topics of a cluster. Members throw Error{kUnavailable} when it does not answer in time. Not thread-safe.
class Cluster {
 public:
  // Reaches it. Throws Error{kInput} on a wrong password or certificate.
  explicit Cluster(const Connection& connection);
  ~Cluster();

  std::string Id();
  Topic Describe(const std::string& topic);  // Throws Error{kInput} when there is none.

  // False: it was there, with however many partitions. `config`: the topic's settings by Kafka's names.
  bool CreateTopic(const std::string& name, int partitions, const std::map<std::string, std::string>& config = {});

 private:
  std::unique_ptr<Client> client_;
};

}  // namespace qlake::kafka
