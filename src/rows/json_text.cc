#include "rows/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace qlake::rows {

void AppendJsonString(std::string& json, std::string_view text) {
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<int>(c));
    } else {
      json += c;
    }
  }
  json += '"';
}

void AddJsonMember(std::string& json, std::string_view name, std::string_view text) {
  if (json.empty()) {
    json += '{';
  } else {
    json.back() = ',';  // Was the closing brace.
  }
  AppendJsonString(json, name);
  json += ':';
  AppendJsonString(json, text);
  json += '}';
}

}  // namespace qlake::rows
