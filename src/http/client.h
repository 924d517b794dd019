#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace qlake::http {

struct ClientOptions {
  std::string username;  // Basic authentication; empty: none.
  std::string password;
  std::string ca_file;  // PEM of the authorities to trust for https; empty: the system's.
  std::chrono::milliseconds timeout{10'000};
  uint64_t body_bytes_max = uint64_t{16} << 20;
};

struct Response {
  int status = 0;
  std::string body;
};

// Asks servers over http and https, one request at a time, on a connection that is kept. Follows no redirects. Not
// thread-safe.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any status is a response. Throws Error{kInput} for an address that is none and a server whose certificate no
  // trusted authority signed, Error{kUnavailable} when no whole response came in time.
  Response Get(const std::string& url);
  Response Post(const std::string& url, const std::string& content_type, const std::string& body);

 private:
  class Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace qlake::http
