#include "delta/path_encoding.h"

#include <charconv>

#include "base/error.h"
#include "storage/path.h"

namespace qlake::delta {
namespace {

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// What RFC 3986 lets stand in a path, but ":", which would make a scheme of the text before it.
bool StandsForItself(char c) {
  return IsAlphanumeric(c) || std::string_view("-._~/=@!$&'()*+,;").find(c) != std::string_view::npos;
}

// The length of "s3:" in "s3://bucket/x"; 0 when the path has no scheme.
size_t SchemeLength(std::string_view path) {
  size_t colon = path.find_first_of(":/?#");
  if (colon == std::string_view::npos || path[colon] != ':' || colon == 0) return 0;
  for (char c : path.substr(0, colon)) {
    if (!IsAlphanumeric(c) && c != '+' && c != '-' && c != '.') return 0;
  }
  return colon + 1;
}

// Whether a decoded path names a place by its scheme. A relative one cannot: its parts are never empty.
bool HasScheme(std::string_view path) {
  size_t scheme = SchemeLength(path);
  return scheme > 0 && path.substr(scheme).starts_with("//");
}

std::string Escape(std::string_view path) {
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

std::optional<std::string> Unescape(std::string_view encoded) {
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

// "/x" from "///x" and "//localhost/x": what a file: URI says behind its scheme.
std::string_view WithoutAuthority(std::string_view path) {
  if (!path.starts_with("//")) return path;
  path.remove_prefix(2);
  size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(slash);
}

}  // namespace

std::string EncodePath(std::string_view path) {
  if (!HasScheme(path)) return Escape(path);
  size_t scheme = SchemeLength(path);
  return std::string(path.substr(0, scheme)) + Escape(path.substr(scheme));
}

std::optional<std::string> DecodePath(std::string_view encoded) {
  size_t scheme_length = SchemeLength(encoded);
  if (scheme_length == 0) return Unescape(encoded);
  std::string_view scheme = encoded.substr(0, scheme_length);
  std::string_view rest = encoded.substr(scheme_length);
  if (scheme == "file:") return Unescape(WithoutAuthority(rest));
  auto decoded = Unescape(rest);
  if (!decoded) return std::nullopt;
  return std::string(scheme) + (decoded->starts_with("//") ? "" : "//") + *decoded;
}

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string LocateFile(const std::string& table_path, std::string_view path) {
  if (HasScheme(path)) {
    throw base::InputError("table {} has a file in a place that is not supported, only the local disk is: {}",
                           table_path, path);
  }
  return path.starts_with('/') ? std::string(path) : storage::JoinPath(table_path, path);
}

}  // namespace qlake::delta
