#pragma once

#include <memory>
#include <string>
#include <vector>

namespace qlake::testing {

// An actual HDFS, a NameNode and two DataNodes (scripts/cluster.sh), and Hive beside it: those of ctest, whose folder
// QLAKE_CLUSTER names, or some that end with this process.
class HdfsCluster {
 public:
  static HdfsCluster& Shared();          // One a process.
  static HdfsCluster& SharedWithHive();  // The same, with a metastore and a HiveServer2.

  // One that is nobody else's, for a test that kills its servers.
  explicit HdfsCluster(const std::vector<std::string>& parts = {"hdfs"});
  ~HdfsCluster();
  HdfsCluster(const HdfsCluster&) = delete;
  HdfsCluster& operator=(const HdfsCluster&) = delete;

  const std::string& hdfs() const { return hdfs_; }              // hdfs://host:port
  const std::string& webhdfs() const { return webhdfs_; }        // http://host:port
  const std::string& metastore() const { return metastore_; }    // thrift://host:port
  const std::string& connect() const { return connect_; }        // sc://host:port
  const std::string& hiveserver() const { return hiveserver_; }  // host:port
  // With the part kerberos: its configuration, the keys of a user (lake, stranger), what the KDC has been asked.
  std::string krb5_config() const { return folder_ + "/kdc/krb5.conf"; }
  std::string keytab(const std::string& user) const { return folder_ + "/kdc/" + user + ".keytab"; }
  std::string KdcLog() const;
  std::string NewFolder() const;  // hdfs://host:port/test-N, that nothing lies in.

  void Kill(const std::string& server);  // As kill -9 does: namenode, datanode1, datanode2, metastore, hiveserver,
                                         // worker1, worker2, connect, kdc.
  void Restart(const std::string& server);

 private:
  explicit HdfsCluster(std::string folder);
  static HdfsCluster& Shared(const std::vector<std::string>& parts);
  void Run(const std::vector<std::string>& arguments) const;
  void ReadAddresses();

  std::string folder_;
  bool is_ours_ = true;
  std::string hdfs_;
  std::string webhdfs_;
  std::string metastore_;
  std::string hiveserver_;
  std::string connect_;
};

}  // namespace qlake::testing
