#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace qlake::storage {

enum class HdfsAuth {
  kSimple,    // HDFS believes what name it is told.
  kKerberos,  // It wants a ticket.
};

// How a lake on HDFS is reached.
struct HdfsOptions {
  // Where its NameNodes answer WebHDFS: http://host:port or https://host:port; of several the active one is found.
  // Empty: the host of the lake's address at port 9870.
  std::vector<std::string> webhdfs;
  HdfsAuth auth = HdfsAuth::kSimple;
  std::string user;              // With kSimple; empty: the user of this process.
  std::string delegation_token;  // Instead of user and ticket; never shown.
  std::string ca_file;           // PEM of the authorities to trust for https; empty: the system's.
  // How long a call is tried again while servers do not answer, or answer that another one is in charge.
  std::chrono::milliseconds retry_for{60'000};
  // An exchange in which no byte comes or goes for so long has failed.
  std::chrono::seconds stall_timeout{20};
};

}  // namespace qlake::storage
