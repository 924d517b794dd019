#include "engine/sql_words.h"

#include <algorithm>
#include <cctype>

namespace qlake::engine {
namespace {

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool IsSame(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

bool NamesWord(std::string_view sql, std::string_view word) {
  for (auto at = sql.begin();; ++at) {
    at = std::search(at, sql.end(), word.begin(), word.end(), IsSame);
    if (at == sql.end()) return false;
    auto end = at + static_cast<std::ptrdiff_t>(word.size());
    if ((at == sql.begin() || !IsNameCharacter(*(at - 1))) && (end == sql.end() || !IsNameCharacter(*end))) return true;
  }
}

}  // namespace qlake::engine
