#include "engine/spark/sql_tokens.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace qlake::engine {
namespace {

constexpr size_t kShownMax = 40;  // Characters of a piece that a message shows.

bool IsWordCharacter(char c) {
  auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

char ToUpper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

// What stands between the marks.
std::string Unquote(std::string_view text) {
  std::string inner;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    inner.push_back(text[i]);
    if (text[i] == text[0]) ++i;  // Doubled.
  }
  return inner;
}

std::string Quote(std::string_view text, char mark, char escape) {
  std::string quoted(1, mark);
  for (char c : text) {
    if (c == mark || c == escape) quoted.push_back(escape);
    quoted.push_back(c);
  }
  quoted.push_back(mark);
  return quoted;
}

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::vector<SqlToken> Run() {
    while (at_ < sql_.size()) {
      size_t begin = at_;
      SqlToken::Kind kind = Take();
      tokens_.push_back({kind, sql_.substr(begin, at_ - begin)});
    }
    return std::move(tokens_);
  }

 private:
  using Kind = SqlToken::Kind;

  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool Follows(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  Kind Take() {
    char c = Peek();
    if (IsBlank(c)) return TakeWhile(Kind::kBlank, IsBlank);
    if (Follows("--")) return TakeLineComment();
    if (Follows("/*+")) return TakeCharacters(Kind::kSymbol, 3);  // A hint, which is SQL.
    if (Follows("/*")) return TakeBlockComment();
    if (c == '\'') return TakeQuoted(Kind::kText);
    if (c == '"' || c == '`') return TakeQuoted(Kind::kQuotedName);
    if ((c == 'r' || c == 'R') && Peek(1) == '\'') {
      throw base::InputError("sql: a raw literal means another text on each engine, write it without the r: {}",
                             sql_.substr(at_, 2));
    }
    if (IsWordCharacter(c)) return TakeWhile(Kind::kWord, IsWordCharacter);
    return TakeCharacters(Kind::kSymbol, 1);
  }

  Kind TakeCharacters(Kind kind, size_t count) {
    at_ += count;
    return kind;
  }

  Kind TakeWhile(Kind kind, bool (*belongs)(char)) {
    while (at_ < sql_.size() && belongs(sql_[at_])) ++at_;
    return kind;
  }

  Kind TakeLineComment() {
    while (at_ < sql_.size() && Peek() != '\n' && Peek() != '\r') ++at_;
    return Kind::kComment;
  }

  // Comments stand in comments.
  Kind TakeBlockComment() {
    size_t depth = 0;
    do {
      if (at_ >= sql_.size()) throw base::InputError("sql: a comment does not end: {}", "/*");
      if (Follows("/*")) {
        ++depth;
        at_ += 2;
      } else if (Follows("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
    return Kind::kComment;
  }

  // A doubled mark stands for one.
  Kind TakeQuoted(Kind kind) {
    size_t begin = at_;
    char mark = Peek();
    do {
      size_t end = sql_.find(mark, at_ + 1);
      if (end == std::string_view::npos) {
        throw base::InputError("sql: {} does not end: {}", kind == Kind::kText ? "a literal" : "a quoted name",
                               sql_.substr(begin, kShownMax));
      }
      at_ = end + 1;
    } while (at_ < sql_.size() && sql_[at_] == mark);
    return kind;
  }

  std::string_view sql_;
  size_t at_ = 0;
  std::vector<SqlToken> tokens_;
};

}  // namespace

std::string SqlToken::Name() const {
  if (kind == Kind::kWord) return std::string(text);
  return kind == Kind::kQuotedName ? Unquote(text) : "";
}

std::string SqlToken::ForSpark() const {
  // Of a comment only its line ends stay: messages count lines.
  if (kind == Kind::kComment) return " " + std::string(static_cast<size_t>(std::ranges::count(text, '\n')), '\n');
  if (kind == Kind::kQuotedName) return Quote(Unquote(text), '`', '`');
  if (kind == Kind::kText) return Quote(Unquote(text), '\'', '\\');
  return std::string(text);
}

bool SqlToken::IsWord(std::string_view word) const {
  return kind == Kind::kWord && std::ranges::equal(text, word, {}, ToUpper);
}

std::string ToLower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<SqlToken> TokenizeSql(std::string_view sql) { return Lexer(sql).Run(); }

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string statement;
  bool is_blank = true;
  auto end = [&] {
    if (!is_blank) statements.push_back(statement);
    statement.clear();
    is_blank = true;
  };
  for (const auto& token : TokenizeSql(sql)) {
    if (token.IsSymbol(';')) {
      end();
      continue;
    }
    statement += token.text;
    is_blank = is_blank && token.IsSilent();
  }
  end();
  return statements;
}

}  // namespace qlake::engine
