#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace qlake::http {

// By which cookie a server knows again whom it has let in, by scheme, host and port: no other server is told it.
// Cookies are secrets. Thread-safe.
class Sessions {
 public:
  std::string CookieFor(std::string_view url) const;  // "name=value"; empty: none.
  void Keep(std::string_view url, const std::string& cookie);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> cookies_;
};

// scheme://host:port of an address.
std::string_view OriginOf(std::string_view url);

}  // namespace qlake::http
