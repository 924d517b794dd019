#include "support/schema_registry_server.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "support/qlake_process.h"

namespace qlake::testing {

SchemaRegistryServer::SchemaRegistryServer() {
  char path[] = "/tmp/qlake_registry_XXXXXX";
  folder_ = mkdtemp(path);
  Run("up");
  std::ifstream(folder_ + "/registry.env") >> url_;
  url_ = url_.substr(url_.find('=') + 1);
}

SchemaRegistryServer::~SchemaRegistryServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

void SchemaRegistryServer::Kill() const { Run("kill"); }
void SchemaRegistryServer::Restart() const { Run("restart"); }

void SchemaRegistryServer::Run(const std::string& command) const {
  std::vector<std::string> arguments = {QLAKE_REPOSITORY "/scripts/registry.sh", command, folder_};
  if (command == "up") arguments.insert(arguments.end(), {"--watch", std::to_string(getpid())});
  ProcessResult result = RunProgram(arguments);
  if (result.exit_code != 0) throw std::runtime_error("registry.sh " + command + ": " + result.err);
}

}  // namespace qlake::testing
