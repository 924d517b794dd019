#pragma once

#include <string>

namespace qlake::testing {

// An actual Spark of scripts/spark.sh, with Delta. It ends when this process does, however that ends.
class SparkServer {
 public:
  explicit SparkServer(const std::string& token = "");  // Starts one for this test alone, which may kill it.
  ~SparkServer();                                       // Stops it, if it was started here.
  SparkServer(const SparkServer&) = delete;
  SparkServer& operator=(const SparkServer&) = delete;

  // The one that all tests of this run share: ctest's (QLAKE_SPARK names its folder), else one that this process
  // starts. Nobody may stop it.
  static SparkServer& Shared();

  void Kill() const;     // As kill -9 does.
  void Restart() const;  // At the same address, with no sessions.

  const std::string& address() const { return address_; }  // sc://127.0.0.1:PORT
  int port() const;

 private:
  struct Running {
    std::string folder;
  };
  explicit SparkServer(Running running);
  void Run(const std::string& command) const;
  void ReadAddress();

  std::string folder_;
  std::string token_;
  bool is_ours_ = true;
  std::string address_;
};

}  // namespace qlake::testing
