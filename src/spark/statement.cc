#include "spark/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

namespace qlake::spark {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// A backslash may or may not be an escape, by a setting of the session; hexadecimal digits always mean the same.
std::string TextLiteral(const std::string& text) {
  if (text.find_first_of("'\\") == std::string::npos) return "'" + text + "'";
  std::string digits;
  for (unsigned char byte : text) digits += fmt::format("{:02X}", byte);
  return "CAST(X'" + digits + "' AS STRING)";
}

struct Literal {
  std::string operator()(std::nullptr_t) const { return "NULL"; }
  std::string operator()(bool value) const { return value ? "TRUE" : "FALSE"; }
  std::string operator()(int64_t value) const { return fmt::format("CAST('{}' AS BIGINT)", value); }
  std::string operator()(double value) const {
    if (std::isnan(value)) return "CAST('NaN' AS DOUBLE)";
    if (std::isinf(value)) return fmt::format("CAST('{}Infinity' AS DOUBLE)", value < 0 ? "-" : "");
    return fmt::format("CAST('{}' AS DOUBLE)", value);
  }
  std::string operator()(const std::string& value) const { return TextLiteral(value); }
};

// How much of the text, from its start, is a quoted text or name, or a comment; 0: none of these.
size_t SkippedBytes(std::string_view text) {
  auto up_to = [&](std::string_view end, size_t from) {
    size_t at = text.find(end, from);
    return at == std::string_view::npos ? text.size() : at + end.size();
  };
  if (text.starts_with("--")) return up_to("\n", 2);
  if (text.starts_with("/*")) return up_to("*/", 2);
  char quote = text.front();
  if (quote == '`') return up_to("`", 1);
  if (quote != '\'' && quote != '"') return 0;
  size_t at = 1;
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' ? 2 : 1;
  return at < text.size() ? at + 1 : text.size();
}

// Behind a value a colon begins a path into it (v:field), or is half of a cast (v::INT).
bool MayBePlace(std::string_view before) {
  return before.empty() ||
         (!IsWord(before.back()) && std::string_view(":])`\"'").find(before.back()) == std::string_view::npos);
}

}  // namespace

std::string BindParameters(const Statement& statement) {
  if (statement.parameters.empty()) return statement.sql;
  std::string_view sql = statement.sql;
  std::string bound;
  size_t at = 0;
  while (at < sql.size()) {
    size_t bytes = SkippedBytes(sql.substr(at));
    if (bytes == 0 && sql[at] == ':' && MayBePlace(sql.substr(0, at))) {
      size_t end = at + 1;
      while (end < sql.size() && IsWord(sql[end])) ++end;
      auto value = statement.parameters.find(std::string(sql.substr(at + 1, end - at - 1)));
      if (value != statement.parameters.end()) {
        bound += std::visit(Literal{}, value->second);
        at = end;
        continue;
      }
    }
    bytes = std::max<size_t>(bytes, 1);
    bound += sql.substr(at, bytes);
    at += bytes;
  }
  return bound;
}

}  // namespace qlake::spark
