#include "support/hdfs_cluster.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/qlake_process.h"

namespace qlake::testing {
namespace {

std::string TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "qlake_cluster_XXXXXX").string();
  return mkdtemp(pattern.data());
}

}  // namespace

HdfsCluster::HdfsCluster(const std::vector<std::string>& parts) : folder_(TemporaryFolder()) {
  std::vector<std::string> arguments = {"up", "--watch", std::to_string(getpid())};
  arguments.insert(arguments.end(), parts.begin(), parts.end());
  Run(arguments);
  ReadAddresses();
}

HdfsCluster::HdfsCluster(std::string folder) : folder_(std::move(folder)), is_ours_(false) { ReadAddresses(); }

HdfsCluster::~HdfsCluster() {
  if (!is_ours_) return;
  Run({"kill"});
  std::filesystem::remove_all(folder_);
}

HdfsCluster& HdfsCluster::Shared(const std::vector<std::string>& parts) {
  static const char* folder = std::getenv("QLAKE_CLUSTER");
  static std::unique_ptr<HdfsCluster> shared(folder != nullptr ? new HdfsCluster(std::string(folder))
                                                               : new HdfsCluster(parts));
  return *shared;
}

HdfsCluster& HdfsCluster::Shared() { return Shared({"hdfs"}); }
HdfsCluster& HdfsCluster::SharedWithHive() { return Shared({"hdfs", "metastore", "hiveserver"}); }

void HdfsCluster::Run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {QLAKE_REPOSITORY "/scripts/cluster.sh"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--dir", folder_});
  ProcessResult result = RunProgram(command);
  if (result.exit_code != 0) throw std::runtime_error("cluster.sh " + arguments.front() + ": " + result.err);
}

void HdfsCluster::ReadAddresses() {
  std::ifstream file(folder_ + "/cluster.env");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("hdfs=")) hdfs_ = line.substr(5);
    if (line.starts_with("webhdfs=")) webhdfs_ = line.substr(8);
    if (line.starts_with("metastore=")) metastore_ = line.substr(10);
    if (line.starts_with("connect=")) connect_ = line.substr(8);
    if (line.starts_with("hiveserver=")) hiveserver_ = line.substr(11);
  }
  if (webhdfs_.empty()) throw std::runtime_error("there is no HDFS in " + folder_);
}

std::string HdfsCluster::KdcLog() const {
  std::stringstream text;
  text << std::ifstream(folder_ + "/kdc/kdc.log").rdbuf();
  return text.str();
}

std::string HdfsCluster::NewFolder() const {
  static std::atomic<int> count = 0;
  return hdfs_ + "/test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

void HdfsCluster::Kill(const std::string& server) { Run({"kill", server}); }
void HdfsCluster::Restart(const std::string& server) { Run({"restart", server}); }

}  // namespace qlake::testing
