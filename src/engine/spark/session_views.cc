#include "engine/spark/session_views.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "engine/spark/spark_files.h"
#include "engine/spark/sql_tokens.h"

namespace qlake::engine {
namespace {

using Tokens = std::vector<SqlToken>;

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

// The next token from there on that is no blank; the number of tokens when there is none.
size_t SkipBlanks(const Tokens& tokens, size_t at) {
  while (at < tokens.size() && tokens[at].IsSilent()) ++at;
  return at;
}

// Whether what stands behind a table in FROM gives it a name of its own: AS x, or x.
bool NamesAlias(const Tokens& tokens, size_t at) {
  // Words that may follow a table and are no name.
  static const std::set<std::string> kClauses = {
      "anti",        "clause", "cluster", "cross",     "distribute", "except",  "fetch",  "for",    "full",
      "group",       "having", "inner",   "intersect", "join",       "lateral", "left",   "limit",  "minus",
      "natural",     "offset", "on",      "order",     "pivot",      "qualify", "right",  "semi",   "sort",
      "tablesample", "union",  "unpivot", "using",     "values",     "where",   "window", "select", "from",
      "repeatable",  "asof",   "then",    "when",      "end",        "and",     "or"};
  if (at == tokens.size()) return false;
  if (tokens[at].kind == SqlToken::Kind::kQuotedName) return true;
  return tokens[at].kind == SqlToken::Kind::kWord && !kClauses.contains(ToLower(std::string(tokens[at].text)));
}

}  // namespace

std::string SessionViews::ViewOf(const std::string& table) {
  size_t point = table.find('.');
  QLAKE_CHECK(point != std::string::npos);
  return table.substr(0, point) + "__" + table.substr(point + 1);
}

void SessionViews::Add(const std::string& table) { tables_.insert(ToLower(table)); }

void SessionViews::Forget(const std::string& layer) {
  std::erase_if(tables_, [&](const std::string& table) { return table.starts_with(ToLower(layer) + "."); });
}

std::map<std::string, std::string> SessionViews::TablesByShortName() const {
  std::map<std::string, std::string> by_name;
  std::set<std::string> taken_twice;
  for (const auto& table : tables_) {
    if (!by_name.emplace(ShortName(table), table).second) taken_twice.insert(ShortName(table));
  }
  for (const auto& name : taken_twice) by_name.erase(name);
  return by_name;
}

std::string SessionViews::Rewrite(std::string_view sql) const {
  Tokens tokens = TokenizeSql(sql);
  std::string rewritten;
  bool follows_point = false;
  for (size_t at = 0; at < tokens.size(); ++at) {
    size_t point = SkipBlanks(tokens, at + 1);
    size_t second = SkipBlanks(tokens, point + 1);
    bool is_pair =
        !follows_point && !tokens[at].Name().empty() && second < tokens.size() && tokens[point].IsSymbol('.');
    std::string table = is_pair ? ToLower(tokens[at].Name() + "." + tokens[second].Name()) : "";
    if (!is_pair || !tables_.contains(table)) {
      rewritten += tokens[at].ForSpark();
      if (!tokens[at].IsSilent()) follows_point = tokens[at].IsSymbol('.');
      continue;
    }
    size_t next = SkipBlanks(tokens, second + 1);
    bool is_column = next < tokens.size() && tokens[next].IsSymbol('.');
    if (is_column) {
      rewritten += Backquote(ShortName(table));
    } else {
      rewritten += Backquote(ViewOf(table));
      if (!NamesAlias(tokens, next)) rewritten += " AS " + Backquote(ShortName(table));
    }
    at = second;
    follows_point = false;
  }
  return rewritten;
}

}  // namespace qlake::engine
