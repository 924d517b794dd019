#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http/sessions.h"

namespace qlake::http {

struct ClientOptions {
  std::string username;  // Basic authentication; empty: none.
  std::string password;
  std::string ca_file;  // PEM of the authorities to trust for https; empty: the system's.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{10'000};  // Of the whole exchange; 0: none.
  std::chrono::seconds stall_timeout{0};      // Of one in which no byte comes or goes; 0: none.
  uint64_t body_bytes_max = uint64_t{16} << 20;
};

enum class Method { kGet, kPut, kPost, kDelete };

struct Request {
  Method method = Method::kGet;
  std::string url;
  std::string content_type;
  std::string_view body;  // Sent as it stands, without a copy. Not with kGet and kDelete.
  // Kerberos says who asks (SPNEGO, RFC 4559), with the tickets or the keytab that its own variables name. Once a
  // server: then it knows us by a cookie, if it gives one.
  bool negotiates = false;
};

struct Response {
  int status = 0;
  std::string reason;  // Behind the status: "Not Found".
  std::string body;
  std::map<std::string, std::string> headers;  // By name in lower case; of several of one name the last.
};

// Asks servers over http and https, one request at a time, on connections that are kept. Follows no redirects: a 307 is
// a response, its address the header "location". Not thread-safe.
class Client {
 public:
  // With `sessions` clients share them, so that not each has to negotiate.
  explicit Client(ClientOptions options, std::shared_ptr<Sessions> sessions = std::make_shared<Sessions>());
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any status is a response. Throws Error{kInput} for an address that is none, a server whose certificate no trusted
  // authority signed, and one for which Kerberos has no ticket or this machine's libcurl no Kerberos. Throws
  // Error{kUnavailable} when no whole response came in time: whether the server has done what it was asked is then
  // unknown. Messages show addresses without the secrets in them.
  Response Send(const Request& request);
  Response Get(const std::string& url);
  Response Post(const std::string& url, const std::string& content_type, const std::string& body);

 private:
  class Handle;
  std::unique_ptr<Handle> handle_;
};

// As many clients as there are requests at a time. Thread-safe.
class ClientPool {
 public:
  explicit ClientPool(ClientOptions options, std::shared_ptr<Sessions> sessions = std::make_shared<Sessions>())
      : options_(std::move(options)), sessions_(std::move(sessions)) {}

  Response Send(const Request& request);  // As Client::Send.

 private:
  ClientOptions options_;
  std::shared_ptr<Sessions> sessions_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Client>> idle_;
};

// Each byte that may not stand in an address as %XX; "/" stays when `keep_slashes`.
std::string EncodeUrl(std::string_view text, bool keep_slashes);

}  // namespace qlake::http
