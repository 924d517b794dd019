#include "kafka/cluster.h"

#include "kafka/client.h"

namespace qlake::kafka {

Cluster::Cluster(const Connection& connection)
    : client_(std::make_unique<Client>(connection, Client::Role{.type = RD_KAFKA_PRODUCER})) {
  client_->Reach();
}
Cluster::~Cluster() = default;

std::string Cluster::Id() { return client_->ClusterId(); }
Topic Cluster::Describe(const std::string& topic) { return client_->DescribeTopic(topic); }

bool Cluster::CreateTopic(const std::string& name, int partitions, const std::map<std::string, std::string>& config) {
  return client_->CreateTopic(name, partitions, config);
}

}  // namespace qlake::kafka
