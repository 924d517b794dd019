#include "hive/address.h"

#include <charconv>

namespace qlake::hive {

std::optional<Address> ParseAddress(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Address address{std::string(text.substr(0, colon))};
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
  bool is_port = parsed.ec == std::errc() && parsed.ptr == end && address.port > 0 && address.port < 65536;
  if (!is_port) return std::nullopt;
  return address;
}

}  // namespace qlake::hive
