#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qlake::engine {

// A piece of a statement. The pieces of a statement, one behind the other, are its text.
struct SqlToken {
  enum class Kind {
    kBlank,
    kComment,
    kWord,        // A name or a word of SQL, or a number: letters, digits and underscores.
    kQuotedName,  // In double quotes or backticks.
    kText,        // A literal in single quotes.
    kSymbol,      // One character, or the three that begin a hint.
  };
  Kind kind;
  std::string_view text;

  bool IsSilent() const { return kind == Kind::kBlank || kind == Kind::kComment; }
  // The name that a word or a quoted name means; empty of any other.
  std::string Name() const;
  // The piece as Spark reads it to mean the same: there a backslash in a literal begins an escape, and one at the end
  // of a comment's line takes the next line in.
  std::string ForSpark() const;
  bool IsSymbol(char c) const { return kind == Kind::kSymbol && text.size() == 1 && text[0] == c; }
  // A bare word of SQL, whatever its case. `word` is in capitals.
  bool IsWord(std::string_view word) const;
};

// Cut as DuckDB's lexer does, for which a backslash is a character like others. Throws Error{kInput} when a literal, a
// quoted name or a comment does not end.
std::vector<SqlToken> TokenizeSql(std::string_view sql);

// As Spark compares names.
std::string ToLower(std::string text);

// Statements with a semicolon behind each, without it; those that are blank are left out.
std::vector<std::string> SplitStatements(std::string_view sql);

}  // namespace qlake::engine
