#include "model/contract_sql.h"

#include <fmt/format.h>

#include "engine/duckdb/database.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;
using engine::QuoteName;
using Kind = base::ColumnType::Kind;

// One condition that good rows meet.
struct Rule {
  std::string name;
  OnViolation on_violation;
  std::string holds;   // SQL, TRUE or FALSE (never NULL), over the columns of TypedSql().
  std::string reason;  // SQL: a text for people that says what is wrong.
};

std::string TextColumn(const ContractColumn& column) { return QuoteName("_text_" + column.name); }

// The cleaned text as a value of the column's type; NULL when it is none.
std::string ParseExpression(const ContractColumn& column) {
  std::string text = TextColumn(column);
  std::string type = base::FormatSqlType(column.type);
  switch (column.type.kind) {
    case Kind::kInteger:
      return fmt::format("parse_integer({})", text);
    case Kind::kLong:
      return fmt::format("parse_bigint({})", text);
    case Kind::kDate:
      return fmt::format("parse_date({})", text);
    case Kind::kBoolean:
      return fmt::format("parse_boolean({})", text);
    case Kind::kDecimal:
      // The first branch is the plain case; the second takes "1.50000" and the like but nothing that a cast would
      // round.
      return fmt::format(
          "CASE WHEN CAST(TRY_CAST({0} AS {1}) AS VARCHAR) = {0} THEN TRY_CAST({0} AS {1}) "
          "WHEN fits_scale({0}, {2}) THEN TRY_CAST({0} AS {1}) END",
          text, type, column.type.scale);
    default:
      return column.clean.empty() ? text : fmt::format("{}({})", column.clean, text);
  }
}

std::string ShownValue(const ContractColumn& column) {
  return fmt::format("{}({})", column.personal ? "mask" : "quote_value", TextColumn(column));
}

std::string Reason(const ContractColumn& column, const std::string& what) {
  return fmt::format("{} || {} || {}", QuoteLiteral(column.name + ": "), ShownValue(column), QuoteLiteral(" " + what));
}

// Whether a typed value keeps the column's range, values and pattern. Empty: nothing is asked of it.
std::string ValueCondition(const ContractColumn& column) {
  std::string value = QuoteName("_typed_" + column.name);
  std::vector<std::string> parts;
  if (column.range_min) parts.push_back(fmt::format("{} >= {}", value, *column.range_min));
  if (column.range_max) parts.push_back(fmt::format("{} <= {}", value, *column.range_max));
  if (!column.values.empty()) {
    std::vector<std::string> literals;
    for (const auto& allowed : column.values) literals.push_back(QuoteLiteral(allowed));
    parts.push_back(fmt::format("{} IN ({})", value, fmt::join(literals, ", ")));
  }
  if (!column.pattern.empty()) {
    parts.push_back(fmt::format("regexp_full_match({}, {})", value, QuoteLiteral(column.pattern)));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

std::vector<Rule> ColumnRules(const ContractColumn& column) {
  std::vector<Rule> rules;
  std::string text = TextColumn(column);
  std::string typed = QuoteName("_typed_" + column.name);
  if (column.required) {
    rules.push_back({column.name + " is required", column.on_violation, fmt::format("({} IS NOT NULL)", text),
                     QuoteLiteral(column.name + ": is missing")});
  }
  if (column.type.kind != Kind::kString || !column.clean.empty()) {
    std::string what = column.clean.empty() ? "is no " + base::FormatSqlType(column.type)
                                            : "is nothing that " + column.clean + " can read";
    rules.push_back({column.name + (column.clean.empty() ? " has its type" : " can be cleaned"), column.on_violation,
                     fmt::format("({} IS NULL OR {} IS NOT NULL)", text, typed), Reason(column, what)});
  }
  if (std::string condition = ValueCondition(column); !condition.empty()) {
    rules.push_back({column.name + " is in range", column.on_violation,
                     fmt::format("({} IS NULL OR ({}))", typed, condition),
                     Reason(column, "is not what the contract allows")});
  }
  return rules;
}

std::vector<Rule> AllRules(const Contract& contract) {
  std::vector<Rule> rules;
  for (const auto& column : contract.columns) {
    for (auto& rule : ColumnRules(column)) rules.push_back(std::move(rule));
  }
  for (const auto& check : contract.checks) {
    rules.push_back({check.name, check.on_violation, fmt::format("coalesce({}, FALSE)", check.sql),
                     QuoteLiteral(check.name + ": does not hold (" + check.sql + ")")});
  }
  return rules;
}

bool Rejects(const Rule& rule) {
  return rule.on_violation == OnViolation::kQuarantine || rule.on_violation == OnViolation::kFail;
}

// Every condition of the rules that `chosen` picks, in one; TRUE when there is none.
template <typename Choice>
std::string AllHold(const std::vector<Rule>& rules, Choice chosen) {
  std::vector<std::string> conditions;
  for (const auto& rule : rules) {
    if (chosen(rule)) conditions.push_back(rule.holds);
  }
  return conditions.empty() ? "TRUE" : fmt::format("{}", fmt::join(conditions, " AND "));
}

// The value that is kept: a null rule takes it away where its conditions do not hold.
std::string KeptValue(const ContractColumn& column) {
  std::string typed = QuoteName("_typed_" + column.name);
  std::string condition = ValueCondition(column);
  if (column.on_violation != OnViolation::kNull || condition.empty()) return typed;
  return fmt::format("CASE WHEN {} THEN {} END", condition, typed);
}

// The scan's rows with, for each column c: _text_c (blanks around gone, empty is NULL), _typed_c, and c as it is kept;
// then the derived columns.
std::string TypedSql(const Contract& contract, const std::string& scan) {
  std::string texts;
  std::string typed;
  std::string kept;
  std::string derived;
  for (const auto& column : contract.columns) {
    texts += fmt::format(", clean_text({0}) AS {1}", QuoteName(column.name), TextColumn(column));
    typed += fmt::format(", {} AS {}", ParseExpression(column), QuoteName("_typed_" + column.name));
    kept += fmt::format(", {} AS {}", KeptValue(column), QuoteName(column.name));
  }
  for (const auto& column : contract.derived) derived += fmt::format(", {} AS {}", column.sql, QuoteName(column.name));
  return fmt::format(
      "SELECT *{} FROM (SELECT *{} FROM (SELECT *{} FROM (SELECT _file, _line, _error, _record{} FROM {})))", derived,
      kept, typed, texts, scan);
}

std::string ContentHash(const Contract& contract) {
  std::vector<std::string> values;
  for (const auto& column : contract.columns) {
    bool is_text = column.type.kind == Kind::kString;
    values.push_back(is_text ? QuoteName(column.name) : fmt::format("CAST({} AS VARCHAR)", QuoteName(column.name)));
  }
  return fmt::format("content_hash({})", fmt::join(values, ", "));
}

}  // namespace

std::string AcceptedSql(const Contract& contract, const std::string& scan) {
  auto rules = AllRules(contract);
  std::string columns;
  for (const auto& column : contract.columns) columns += QuoteName(column.name) + ", ";
  for (const auto& column : contract.derived) columns += QuoteName(column.name) + ", ";
  return fmt::format(
      "SELECT _file, _line, {}NOT ({}) AS _flawed, {} AS _content_hash FROM ({}) WHERE _error IS NULL AND {}", columns,
      AllHold(rules, [](const Rule& rule) { return !Rejects(rule); }), ContentHash(contract), TypedSql(contract, scan),
      AllHold(rules, Rejects));
}

std::string RejectedSql(const Contract& contract, const std::string& scan) {
  auto rules = AllRules(contract);
  std::string reasons = "CASE WHEN _error IS NOT NULL THEN _error END";
  for (const auto& rule : rules) {
    if (Rejects(rule))
      reasons += fmt::format(", CASE WHEN _error IS NULL AND NOT {} THEN {} END", rule.holds, rule.reason);
  }
  std::vector<std::string> key;
  for (const auto& name : contract.key) key.push_back(fmt::format("{}", QuoteName("_text_" + name)));
  return fmt::format(
      "SELECT _file, _line, concat_ws('/', {}) AS key, CASE WHEN _error IS NULL THEN 'contract' ELSE 'malformed' END "
      "AS kind, "
      "CAST(to_json([r FOR r IN [{}] IF r IS NOT NULL]) AS VARCHAR) AS reasons, left(_record, 65536) AS record, "
      "_error IS NULL AND NOT ({}) AS failed FROM ({}) WHERE _error IS NOT NULL OR NOT ({})",
      fmt::join(key, ", "), reasons,
      AllHold(rules, [](const Rule& rule) { return rule.on_violation == OnViolation::kFail; }),
      TypedSql(contract, scan), AllHold(rules, Rejects));
}

std::vector<CountedRule> CountedRules(const Contract& contract) {
  std::vector<CountedRule> counted;
  for (const auto& rule : AllRules(contract)) {
    if (!Rejects(rule)) counted.push_back({rule.name, rule.on_violation});
  }
  return counted;
}

std::string CountsSql(const Contract& contract, const std::string& scan) {
  auto rules = AllRules(contract);
  std::vector<std::string> counts;
  for (const auto& rule : rules) {
    if (!Rejects(rule)) counts.push_back(fmt::format("count(*) FILTER (WHERE NOT {})", rule.holds));
  }
  return fmt::format("SELECT {} FROM ({}) WHERE _error IS NULL AND {}",
                     counts.empty() ? "1" : fmt::format("{}", fmt::join(counts, ", ")), TypedSql(contract, scan),
                     AllHold(rules, Rejects));
}

}  // namespace qlake::model
