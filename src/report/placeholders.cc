#include "report/placeholders.h"

#include <algorithm>
#include <cctype>

namespace qlake::report {
namespace {

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where what begins here and is no SQL to look into ends: a literal, a quoted name, a comment. 0 when nothing such
// begins.
size_t LengthToSkip(std::string_view sql) {
  auto length_until = [&](std::string_view end, size_t from) {
    size_t at = sql.find(end, from);
    return at == std::string_view::npos ? sql.size() : at + end.size();
  };
  if (sql.starts_with("'")) return length_until("'", 1);  // A doubled quote is the end of one literal and the next one.
  if (sql.starts_with("\"")) return length_until("\"", 1);
  if (sql.starts_with("--")) return length_until("\n", 2);
  if (sql.starts_with("/*")) return length_until("*/", 2);
  return 0;
}

size_t NameLength(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsNameCharacter) - text.begin());
}

}  // namespace

std::string ReplacePlaceholders(std::string_view sql, const PlaceholderValue& value_of) {
  std::string replaced;
  int line = 1;
  auto copy = [&](size_t length) {
    line += static_cast<int>(std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
    replaced += sql.substr(0, length);
    sql.remove_prefix(length);
  };
  while (!sql.empty()) {
    size_t name_length = sql.front() == '$' ? NameLength(sql.substr(1)) : 0;
    if (name_length > 0) {
      replaced += value_of(sql.substr(1, name_length), line);
      sql.remove_prefix(1 + name_length);
    } else {
      copy(std::max<size_t>(1, LengthToSkip(sql)));
    }
  }
  return replaced;
}

}  // namespace qlake::report
