#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qlake::hive {

struct Address {
  std::string host;
  int port = 0;
};

// Of "host:port"; nothing when the text is not of that form.
std::optional<Address> ParseAddress(std::string_view text);

}  // namespace qlake::hive
