#include "base/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace qlake::base {
namespace {

bool IsOfAddress(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0 || std::string_view("._%+-").find(c) != std::string_view::npos;
}

// Where the e-mail address around the @ begins and ends; nothing is around it: both are the place of the @.
std::pair<size_t, size_t> AddressAround(std::string_view text, size_t at) {
  size_t begin = at;
  while (begin > 0 && IsOfAddress(text[begin - 1])) --begin;
  size_t end = at + 1;
  while (end < text.size() && IsOfAddress(text[end])) ++end;
  return begin < at && end > at + 1 ? std::pair{begin, end} : std::pair{at, at};
}

}  // namespace

std::string Mask(std::string_view value) {
  if (value.empty()) return "";
  return fmt::format("{}***({})", static_cast<unsigned char>(value.front()) < 0x80 ? value.substr(0, 1) : "",
                     value.size());
}

std::string MaskWithin(std::string_view text) {
  std::string masked;
  size_t done = 0;
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    auto [begin, end] = AddressAround(text, at);
    if (begin == end || begin < done) continue;
    masked.append(text.substr(done, begin - done)).append(Mask(text.substr(begin, end - begin)));
    done = end;
    at = end - 1;
  }
  return MaskSecrets(masked.append(text.substr(done)));
}

std::string MaskSecrets(std::string_view text) {
  std::string masked(text);
  for (std::string_view name : {"delegation=", "token=", "password=", "passwd=", "secret="}) {
    for (size_t at = masked.find(name); at != std::string::npos; at = masked.find(name, at)) {
      size_t value = at + name.size();
      size_t end = std::min(masked.find_first_of("&; \"'", value), masked.size());
      masked.replace(value, end - value, "***");
      at = value;
    }
  }
  return masked;
}

}  // namespace qlake::base
