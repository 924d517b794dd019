#include "engine/spark/session_functions.h"

#include <algorithm>
#include <iterator>

#include "engine/spark/sql_tokens.h"

namespace qlake::engine {
bool SessionFunctions::Hold(const std::string& statement) {
  auto tokens = TokenizeSql(statement);
  std::erase_if(tokens, [](const SqlToken& token) { return token.IsSilent(); });
  auto next = tokens.begin();
  auto take = [&](std::string_view word) {
    bool is_it = next != tokens.end() && next->IsWord(word);
    if (is_it) ++next;
    return is_it;
  };
  if (!take("CREATE")) return false;
  if (take("OR") && !take("REPLACE")) return false;
  if (!take("TEMPORARY") || !take("FUNCTION") || next == tokens.end()) return false;
  made_.erase(ToLower(next->Name()));
  held_[ToLower(next->Name())] = statement;
  return true;
}

std::vector<std::string> SessionFunctions::Take(std::string_view sql) {
  std::vector<std::string> statements;
  for (const auto& token : TokenizeSql(sql)) {
    auto found = held_.find(ToLower(token.Name()));
    if (found == held_.end()) continue;
    auto taken = made_.insert(held_.extract(found));
    std::string statement = taken.position->second;
    std::ranges::move(Take(statement), std::back_inserter(statements));
    statements.push_back(std::move(statement));
  }
  return statements;
}

}  // namespace qlake::engine
