#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace qlake::spark {

// How to reach a Spark Connect server. The token is here in clear: never log this.
struct Connection {
  std::string host = "127.0.0.1";
  int port = 15002;
  bool use_tls = false;
  std::string token;    // Sent as a bearer token; empty: none. Goes over TLS, or to this machine only.
  std::string ca_file;  // PEM of the authorities to trust; empty: the system's. Counts with TLS only.
  std::string user;     // Whom the server takes us for where it asks for no token; empty: qlake.
  std::chrono::milliseconds timeout{10'000};  // For reaching the server.
  // For its answer to a question; one that is silent for the time-out above is asked whether it lives. A server that is
  // just up, or short of memory, takes its time.
  std::chrono::milliseconds answer_timeout{60'000};
  // How long a statement whose connection broke is looked for, before it counts as lost.
  std::chrono::milliseconds reattach_for{30'000};
};

// Spark's own form, sc://host:port/;use_ssl=true;user_id=anna. Throws Error{kInput} with what is wrong; on a token,
// too: an address is printed and logged, so the token comes by another way.
Connection ParseAddress(std::string_view address);

// host:port, for messages.
std::string NameOf(const Connection& connection);

}  // namespace qlake::spark
