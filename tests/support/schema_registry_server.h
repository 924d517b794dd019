#pragma once

#include <string>

namespace qlake::testing {

// An actual schema registry of scripts/registry.sh. It ends when this process does, however that ends.
class SchemaRegistryServer {
 public:
  SchemaRegistryServer();
  ~SchemaRegistryServer();
  SchemaRegistryServer(const SchemaRegistryServer&) = delete;
  SchemaRegistryServer& operator=(const SchemaRegistryServer&) = delete;

  void Kill() const;
  void Restart() const;  // At the same address; it has forgotten all schemas.
  const std::string& url() const { return url_; }

 private:
  void Run(const std::string& command) const;

  std::string folder_;
  std::string url_;
};

}  // namespace qlake::testing
