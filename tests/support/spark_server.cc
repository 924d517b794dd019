#include "support/spark_server.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "support/qlake_process.h"

namespace qlake::testing {
namespace {

std::string NewFolder() {
  char path[] = "/tmp/qlake_spark_XXXXXX";
  return mkdtemp(path);
}

}  // namespace

SparkServer::SparkServer(const std::string& token) : folder_(NewFolder()), token_(token) {
  Run("up");
  ReadAddress();
}

SparkServer::SparkServer(Running running) : folder_(std::move(running.folder)), is_ours_(false) { ReadAddress(); }

SparkServer::~SparkServer() {
  if (!is_ours_) return;
  Kill();
  std::filesystem::remove_all(folder_);
}

SparkServer& SparkServer::Shared() {
  static const char* folder = std::getenv("QLAKE_SPARK");
  static std::unique_ptr<SparkServer> shared(folder != nullptr ? new SparkServer(Running{folder}) : new SparkServer);
  return *shared;
}

void SparkServer::Run(const std::string& command) const {
  std::vector<std::string> arguments = {QLAKE_REPOSITORY "/scripts/spark.sh", command, folder_};
  if (command == "up") arguments.insert(arguments.end(), {"--watch", std::to_string(getpid())});
  ProcessResult result = RunProgram(arguments, {{"QLAKE_SPARK_TOKEN", token_}});
  if (result.exit_code != 0) throw std::runtime_error("spark.sh " + command + ": " + result.err);
}

void SparkServer::ReadAddress() {
  const std::string key = "address=";
  std::ifstream facts(folder_ + "/spark.env");
  for (std::string line; std::getline(facts, line);) {
    if (line.starts_with(key)) address_ = line.substr(key.size());
  }
  if (address_.empty()) throw std::runtime_error("no Spark runs in " + folder_ + " (QLAKE_SPARK)");
}

void SparkServer::Kill() const { Run("kill"); }
void SparkServer::Restart() const { Run("restart"); }

int SparkServer::port() const { return std::stoi(address_.substr(address_.rfind(':') + 1)); }

}  // namespace qlake::testing
