#pragma once

#include <memory>
#include <string>
#include <vector>

namespace qlake::testing {

// An actual HDFS, a NameNode and two DataNodes (scripts/cluster.sh): that of ctest, whose folder QLAKE_CLUSTER names,
// or one that ends with this process.
class HdfsCluster {
 public:
  static HdfsCluster& Shared();  // One a process.

  // One that is nobody else's, for a test that kills its servers.
  HdfsCluster();
  ~HdfsCluster();
  HdfsCluster(const HdfsCluster&) = delete;
  HdfsCluster& operator=(const HdfsCluster&) = delete;

  const std::string& hdfs() const { return hdfs_; }        // hdfs://host:port
  const std::string& webhdfs() const { return webhdfs_; }  // http://host:port
  std::string NewFolder() const;                           // hdfs://host:port/test-N, that nothing lies in.

  void Kill(const std::string& server);  // As kill -9 does: namenode, datanode1, datanode2.
  void Restart(const std::string& server);

 private:
  explicit HdfsCluster(std::string folder);
  void Run(const std::vector<std::string>& arguments) const;
  void ReadAddresses();

  std::string folder_;
  bool is_ours_ = true;
  std::string hdfs_;
  std::string webhdfs_;
};

}  // namespace qlake::testing
