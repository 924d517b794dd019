#include "engine/spark/read_only_select.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/spark/sql_tokens.h"

namespace qlake::engine {
namespace {

constexpr std::array<std::string_view, 5> kBegins = {"SELECT", "WITH", "VALUES", "FROM", "TABLE"};
// WITH and FROM may begin these, too.
constexpr std::array<std::string_view, 4> kWrites = {"INSERT", "UPDATE", "DELETE", "MERGE"};
constexpr std::array<std::string_view, 7> kFunctions = {
    "java_method", "reflect", "try_reflect", "table_changes", "table_changes_by_path", "read_files", "read_statestore"};

template <typename Words>
bool IsOneOf(const SqlToken& token, const Words& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return token.IsWord(word); });
}

// Spark takes blanks beyond ASCII for blanks, and the lexer for letters; quoted names may hold anything.
bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool BeginsWithDigit(std::string_view text) { return text.front() >= '0' && text.front() <= '9'; }

[[noreturn]] void Refuse(std::string_view what) {
  throw base::InputError("only one SELECT that reads the lake's tables can be answered, out of reach is: {}", what);
}

}  // namespace

void RequireReadOnlySelect(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) throw base::InputError("sql: a statement holds a NUL character");
  std::vector<SqlToken> tokens = TokenizeSql(sql);
  std::erase_if(tokens, [](const SqlToken& token) { return token.IsSilent(); });
  while (!tokens.empty() && tokens.back().IsSymbol(';')) tokens.pop_back();
  if (tokens.empty()) Refuse("an empty statement");
  auto first = std::ranges::find_if_not(tokens, [](const SqlToken& token) { return token.IsSymbol('('); });
  if (first == tokens.end() || !IsOneOf(*first, kBegins)) Refuse(tokens.front().text);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    const SqlToken* next = i + 1 < tokens.size() ? &tokens[i + 1] : nullptr;
    if (token.IsSymbol(';')) Refuse("a second statement");
    if (token.IsSymbol('$')) Refuse("$ (write literals in single quotes)");
    if (token.kind == SqlToken::Kind::kWord && !IsAscii(token.text)) Refuse("a name beyond ASCII without quotes");
    if (token.IsWord("IDENTIFIER") && next != nullptr && next->IsSymbol('(')) Refuse(token.text);
    // Behind a number the point is the number's: 1. INSERT
    bool is_column = i > 1 && tokens[i - 1].IsSymbol('.') && !BeginsWithDigit(tokens[i - 2].text);
    if (!is_column && IsOneOf(token, kWrites)) Refuse(token.text);
    if (next == nullptr) continue;
    if (token.IsWord("USING") && next->kind == SqlToken::Kind::kText) Refuse("a script of the shell");
    if (next->IsSymbol('(') && std::ranges::find(kFunctions, ToLower(token.Name())) != kFunctions.end()) {
      Refuse(token.text);
    }
  }
}

}  // namespace qlake::engine
