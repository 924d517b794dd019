#include "spark/connection.h"

#include <charconv>

#include "base/error.h"

namespace qlake::spark {
namespace {

constexpr std::string_view kScheme = "sc://";
constexpr std::string_view kExample = "sc://host:15002/;use_ssl=true;user_id=anna";

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    bool is_escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    decoded += is_escape ? static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])) : text[i];
    if (is_escape) i += 2;
  }
  return decoded;
}

int ParsePort(std::string_view text) {
  int port = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536) return port;
  throw base::InputError("the address of a Spark Connect server has a port from 1 to 65535, as in {}: {}", kExample,
                         text);
}

void SetHost(std::string_view authority, Connection& connection) {
  size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) host_end = host_end == std::string_view::npos ? host_end : host_end + 1;
  connection.host = authority.substr(0, host_end);
  if (connection.host.empty()) {
    throw base::InputError("the address of a Spark Connect server names its host, as in {}", kExample);
  }
  if (host_end == std::string_view::npos || host_end == authority.size()) return;
  if (authority[host_end] != ':') {
    throw base::InputError("the address of a Spark Connect server looks like {}: {}", kExample, authority);
  }
  connection.port = ParsePort(authority.substr(host_end + 1));
}

void SetParameter(std::string_view parameter, Connection& connection) {
  size_t equals = parameter.find('=');
  std::string name(parameter.substr(0, equals));
  std::string value = equals == std::string_view::npos ? "" : PercentDecode(parameter.substr(equals + 1));
  if (name == "token") {
    throw base::InputError(
        "the address of a Spark Connect server is printed and logged: take the token out of it, and name the place "
        "where "
        "it is to be had in the configuration");
  }
  if (name == "use_ssl") {
    if (value != "true" && value != "false") throw base::InputError("use_ssl is true or false: {}", value);
    connection.use_tls = value == "true";
  } else if (name == "user_id") {
    connection.user = value;
  } else {
    throw base::InputError("the address of a Spark Connect server knows use_ssl and user_id: {}", name);
  }
}

}  // namespace

Connection ParseAddress(std::string_view address) {
  if (!address.starts_with(kScheme)) {
    throw base::InputError("the address of a Spark Connect server begins with {}, as in {}", kScheme, kExample);
  }
  Connection connection;
  std::string_view rest = address.substr(kScheme.size());
  size_t slash = rest.find('/');
  SetHost(rest.substr(0, slash), connection);
  rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (!rest.empty() && !rest.starts_with(';')) {
    throw base::InputError("behind the port of a Spark Connect server stands /;name=value, as in {}", kExample);
  }
  while (!rest.empty()) {
    rest.remove_prefix(1);
    size_t end = rest.find(';');
    if (std::string_view parameter = rest.substr(0, end); !parameter.empty()) SetParameter(parameter, connection);
    rest = end == std::string_view::npos ? "" : rest.substr(end);
  }
  return connection;
}

std::string NameOf(const Connection& connection) { return fmt::format("{}:{}", connection.host, connection.port); }

}  // namespace qlake::spark
