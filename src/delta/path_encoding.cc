#include "delta/path_encoding.h"

#include <charconv>

namespace qlake::delta {
namespace {

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// What RFC 3986 lets stand in a path, but ":", which would make a scheme of the text before it.
bool StandsForItself(char c) {
  return IsAlphanumeric(c) || std::string_view("-._~/=@!$&'()*+,;").find(c) != std::string_view::npos;
}

}  // namespace

std::string EncodePath(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(path.size());
  for (char c : path) {
    if (StandsForItself(c)) {
      encoded += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::optional<std::string> DecodePath(std::string_view encoded) {
  std::string path;
  path.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      path += encoded[i];
      continue;
    }
    unsigned int byte = 0;
    std::string_view digits = encoded.substr(i + 1, 2);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  return path;
}

bool IsAbsolutePath(std::string_view encoded) {
  if (encoded.starts_with('/')) return true;
  size_t colon = encoded.find_first_of(":/?#");
  if (colon == std::string_view::npos || encoded[colon] != ':' || colon == 0) return false;
  for (char c : encoded.substr(0, colon)) {
    if (!IsAlphanumeric(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

}  // namespace qlake::delta
