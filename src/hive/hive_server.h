#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/result.h"

namespace qlake::hive {

struct HiveServerOptions {
  std::string address;  // host:port, of Thrift's binary transport.
  // As hive.server2.authentication says there: NOSASL takes everybody as they are (false), NONE, LDAP and others that
  // take a password ask for SASL's PLAIN.
  bool sasl = true;
  std::string user;
  std::string password;
  std::chrono::milliseconds timeout{300'000};  // For an answer; a query that runs gives one every few seconds.
};

// A session at a HiveServer2, which answers SQL as Hive reads it. Throws Error{kUnavailable} when it does not answer,
// Error{kInput} with what it says when it refuses a statement. Not thread-safe.
class HiveServer {
 public:
  // Connects and opens a session. Throws Error{kInput} on an address that is none, and when it lets nobody in so.
  explicit HiveServer(const HiveServerOptions& options);
  ~HiveServer();
  HiveServer(const HiveServer&) = delete;
  HiveServer& operator=(const HiveServer&) = delete;

  // The rows as they come, cells in the texts of engine/result.h. Types of columns are Hive's, such as decimal(18,4);
  // a timestamp has no zone, a nested value is what Hive makes of it.
  void Query(const std::string& sql, const engine::ResultVisitor& visitor);

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace qlake::hive
