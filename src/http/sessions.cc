#include "http/sessions.h"

namespace qlake::http {

std::string_view OriginOf(std::string_view url) {
  size_t scheme = url.find("://");
  return url.substr(0, url.find_first_of("/?#", scheme == std::string_view::npos ? 0 : scheme + 3));
}

std::string Sessions::CookieFor(std::string_view url) const {
  std::lock_guard lock(mutex_);
  auto found = cookies_.find(OriginOf(url));
  return found == cookies_.end() ? "" : found->second;
}

void Sessions::Keep(std::string_view url, const std::string& cookie) {
  std::lock_guard lock(mutex_);
  cookies_.insert_or_assign(std::string(OriginOf(url)), cookie);
}

}  // namespace qlake::http
