#pragma once

#include <chrono>
#include <string>

namespace qlake::kafka {

// How to reach a cluster. Secrets are here in clear: never log this.
struct Connection {
  std::string brokers;                      // host:port, several with commas
  std::string protocol = "plaintext";       // plaintext, ssl, sasl_plaintext, sasl_ssl
  std::string mechanism = "SCRAM-SHA-512";  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; counts with sasl_* only
  std::string username;
  std::string password;
  std::string ca_file;           // PEM of the authorities to trust; empty: the system's. Counts with ssl and sasl_ssl.
  std::string certificate_file;  // PEM of ours, for brokers that ask for one; empty: none.
  std::string key_file;
  std::string key_password;
  std::chrono::milliseconds timeout{10'000};  // For the first contact and for each question to the cluster.
};

}  // namespace qlake::kafka
