#include "engine/duckdb/table_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/json.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {
namespace {

constexpr std::array kExpressions = {"COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR",
                                     "BETWEEN",    "CAST",     "CASE",       "FUNCTION",    "TYPE"};
constexpr std::array kOperators = {"OPERATOR_IS_NULL",  "OPERATOR_IS_NOT_NULL", "OPERATOR_NOT",
                                   "OPERATOR_COALESCE", "COMPARE_IN",           "COMPARE_NOT_IN"};
// ~~ and !~~ are LIKE and NOT LIKE.
constexpr std::array kFunctions = {"+",     "-",     "*",    "%",   "~~",    "!~~",  "||",    "abs",
                                   "lower", "upper", "trim", "day", "month", "year", "length"};

template <typename List>
bool Contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool EqualsIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

class ConditionTranslator {
 public:
  ConditionTranslator(const std::string& table_path, const delta::Constraint& constraint,
                      const std::vector<base::Column>& columns)
      : table_path_(table_path), constraint_(constraint), columns_(columns) {}

  // Names in DuckDB's quotes. What follows can only be one expression: brackets close what they open.
  std::string Requote() const {
    const std::string& sql = constraint_.sql;
    std::string requoted = "(";
    int depth = 0;
    for (size_t at = 0; at < sql.size(); ++at) {
      std::string_view rest = std::string_view(sql).substr(at);
      if (sql[at] == '\'' || sql[at] == '`') {
        std::string_view quoted = TakeQuoted(rest);
        requoted += sql[at] == '`' ? QuoteName(quoted.substr(1, quoted.size() - 2)) : std::string(quoted);
        at += quoted.size() - 1;
        continue;
      }
      if (sql[at] == '"') Fail("it has double quotes, which Spark takes for a text: write `name` or 'text'");
      if (sql[at] == ';' || rest.starts_with("--") || rest.starts_with("/*")) Fail("it is no single condition");
      depth += sql[at] == '(' ? 1 : sql[at] == ')' ? -1 : 0;
      if (depth < 0) Fail("it closes a bracket that it did not open");
      requoted.push_back(sql[at]);
    }
    if (depth != 0) Fail("it opens a bracket that it does not close");
    return requoted + ")";
  }

  // `parse`: what json_serialize_sql says of a SELECT of the condition.
  void RequireShared(const std::string& parse) const {
    base::Json parsed = base::Json::parse(parse);
    if (parsed.value("error", true)) Fail(parsed.value("error_message", std::string("it is no SQL")));
    const base::Json& statements = parsed.at("statements");
    bool is_expression = statements.size() == 1 && statements[0].at("node").value("type", "") == "SELECT_NODE" &&
                         statements[0]["node"].at("select_list").size() == 1 &&
                         statements[0]["node"].at("from_table").value("type", "") == "EMPTY";
    if (!is_expression) Fail("it is no single condition");
    try {
      RequireSharedNode(statements[0]["node"]["select_list"][0]);
    } catch (const base::Json::exception& error) {
      Fail(fmt::format("the engine parses it in a form that is not understood: {}", error.what()));
    }
  }

  [[noreturn]] void Fail(std::string_view why) const {
    throw base::InputError("table {} has a constraint that cannot be checked here, because {}: {} ({})", table_path_,
                           why, constraint_.name, constraint_.sql);
  }

 private:
  // With its quotes.
  std::string_view TakeQuoted(std::string_view text) const {
    size_t end = text.find(text[0], 1);
    if (end == std::string_view::npos) Fail("a quote is not closed");
    bool is_doubled = end + 1 < text.size() && text[end + 1] == text[0];
    std::string_view quoted = text.substr(0, end + 1);
    if (is_doubled || quoted.find('\\') != std::string_view::npos) {
      Fail("it has a quote or a backslash within quotes, which engines read differently");
    }
    return quoted;
  }

  void RequireSharedNode(const base::Json& node) const {
    if (node.is_object() && node.contains("class")) RequireSharedExpression(node);
    if (!node.is_structured()) return;
    for (const base::Json& part : node) RequireSharedNode(part);
  }

  void RequireSharedExpression(const base::Json& node) const {
    std::string kind = node.value("class", "");
    if (!Contains(kExpressions, kind)) Fail(fmt::format("{} is not for conditions", kind));
    if (kind == "OPERATOR" && !Contains(kOperators, node.value("type", ""))) {
      Fail(fmt::format("{} does not mean the same on all engines", node.value("type", "")));
    }
    if (kind == "COLUMN_REF") RequireColumn(node.at("column_names"));
    if (kind == "FUNCTION") RequireSharedFunction(node);
    // Casts of values round and fail differently; those of constants, like DATE '2023-05-20', are fine.
    bool is_of_constant = kind != "CAST" || node.at("child").value("class", "") == "CONSTANT";
    if (!is_of_constant) Fail("a CAST of values does not mean the same on all engines");
  }

  void RequireColumn(const base::Json& names) const {
    std::string name = names.size() == 1 ? names[0].get<std::string>() : names.dump();
    for (const auto& column : columns_) {
      if (EqualsIgnoringCase(column.name, name)) return;
    }
    Fail(fmt::format("the table has no column {}", name));
  }

  void RequireSharedFunction(const base::Json& node) const {
    std::string name = node.value("function_name", "");
    bool is_plain = node.at("arguments").size() <= 2 && (name != "trim" || node["arguments"].size() == 1);
    if (!Contains(kFunctions, name) || !is_plain) {
      Fail(fmt::format("{} does not mean the same on all engines", name));
    }
  }

  const std::string& table_path_;
  const delta::Constraint& constraint_;
  const std::vector<base::Column>& columns_;
};

}  // namespace

std::string TranslateCondition(Connection& connection, const std::string& table_path,
                               const delta::Constraint& constraint, const std::vector<base::Column>& columns) {
  ConditionTranslator translator(table_path, constraint, columns);
  std::string condition = translator.Requote();
  translator.RequireShared(connection.AskText("SELECT json_serialize_sql($1)", "SELECT " + condition));
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  try {
    connection.DescribeSelect(fmt::format("SELECT {} FROM ({})", condition, SelectNothing(columns)), names, types);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::kInput) throw;
    translator.Fail(error.message());
  }
  if (types.at(0).id != DUCKDB_TYPE_BOOLEAN) translator.Fail("it is neither true nor false");
  return condition;
}

}  // namespace qlake::engine
