#include "model/contract_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "engine/duckdb/database.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;
using engine::QuoteName;
using Kind = base::ColumnType::Kind;

// The function of functions/ that the engine's reader has, too.
constexpr std::string_view kCleanEmail = "clean_email";

// One condition that good rows meet.
struct SqlRule {
  NamedRule named;
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
      // A cast alone would round silently.
      return fmt::format("CASE WHEN is_decimal({0}, {1}, {2}) THEN CAST({0} AS {3}) END", text, column.type.precision,
                         column.type.scale, type);
    default:
      return column.clean.empty() ? text : fmt::format("{}({})", column.clean, text);
  }
}

std::string ShownValue(const ContractColumn& column) {
  return fmt::format("{}({})", column.personal ? "mask_value" : "quote_value", TextColumn(column));
}

std::string Reason(const ContractColumn& column, const std::string& what) {
  return fmt::format("{} || {} || {}", QuoteLiteral(column.name + ": "), ShownValue(column), QuoteLiteral(" " + what));
}

// Whether a typed value keeps the column's range, values and pattern. Empty: nothing is asked of it.
std::string ValueCondition(const ContractColumn& column) {
  std::string value = QuoteName("_typed_" + column.name);
  std::vector<std::string> parts;
  auto literal = [&](const std::string& text) {
    if (column.type.kind == base::ColumnType::Kind::kString) return QuoteLiteral(text);
    return fmt::format("CAST({} AS {})", QuoteLiteral(text), base::FormatSqlType(column.type));
  };
  if (column.range_min) parts.push_back(fmt::format("{} >= {}", value, literal(*column.range_min)));
  if (column.range_max) parts.push_back(fmt::format("{} <= {}", value, literal(*column.range_max)));
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

std::vector<SqlRule> RulesOfColumn(const ContractColumn& column, size_t index) {
  std::vector<SqlRule> rules;
  auto named = [&](const std::string& what, engine::Rule kind) {
    return NamedRule{column.name + " " + what, column.on_violation, index, kind};
  };
  std::string text = TextColumn(column);
  std::string typed = QuoteName("_typed_" + column.name);
  if (column.required) {
    rules.push_back({named("is required", engine::Rule::kRequired), fmt::format("({} IS NOT NULL)", text),
                     QuoteLiteral(column.name + ": is missing")});
  }
  if (column.type.kind != Kind::kString || !column.clean.empty()) {
    std::string what = column.clean.empty() ? "is no " + base::FormatSqlType(column.type)
                                            : "is nothing that " + column.clean + " can read";
    rules.push_back({named(column.clean.empty() ? "has its type" : "can be cleaned", engine::Rule::kType),
                     fmt::format("({} IS NULL OR {} IS NOT NULL)", text, typed), Reason(column, what)});
  }
  if (std::string condition = ValueCondition(column); !condition.empty()) {
    rules.push_back({named("is in range", engine::Rule::kRange), fmt::format("({} IS NULL OR ({}))", typed, condition),
                     Reason(column, "is not what the contract allows")});
  }
  return rules;
}

std::string CheckHolds(const Check& check) { return fmt::format("coalesce({}, FALSE)", check.sql); }

std::vector<SqlRule> AllRules(const Contract& contract) {
  std::vector<SqlRule> rules;
  for (size_t i = 0; i < contract.columns.size(); ++i) {
    for (auto& rule : RulesOfColumn(contract.columns[i], i)) rules.push_back(std::move(rule));
  }
  for (const auto& check : contract.checks) {
    rules.push_back({{check.name, check.on_violation, std::nullopt},
                     CheckHolds(check),
                     QuoteLiteral(check.name + ": does not hold (" + check.sql + ")")});
  }
  return rules;
}

bool Rejects(const SqlRule& rule) {
  return rule.named.on_violation == OnViolation::kQuarantine || rule.named.on_violation == OnViolation::kFail;
}

// Every condition of the rules that `chosen` picks, in one; TRUE when there is none.
template <typename Choice>
std::string AllHold(const std::vector<SqlRule>& rules, Choice chosen) {
  std::vector<std::string> conditions;
  for (const auto& rule : rules) {
    if (chosen(rule)) conditions.push_back(rule.holds);
  }
  return conditions.empty() ? "TRUE" : fmt::format("{}", fmt::join(conditions, " AND "));
}

bool IsInSql(const ContractColumn& column) {
  bool cleans_in_sql = !column.clean.empty() && column.clean != kCleanEmail;
  return column.type.kind == Kind::kString && (cleans_in_sql || !column.pattern.empty());
}

engine::OnBreach OnBreachOf(OnViolation on_violation) {
  switch (on_violation) {
    case OnViolation::kNull:
      return engine::OnBreach::kNull;
    case OnViolation::kWarn:
      return engine::OnBreach::kKeep;
    default:
      return engine::OnBreach::kReject;
  }
}

// The value that is kept: a null rule takes it away where its conditions do not hold.
std::string KeptValue(const ContractColumn& column) {
  std::string typed = QuoteName("_typed_" + column.name);
  std::string condition = ValueCondition(column);
  if (column.on_violation != OnViolation::kNull || condition.empty()) return typed;
  return fmt::format("CASE WHEN {} THEN {} END", condition, typed);
}

bool Names(const std::string& sql, const std::string& column) {
  auto is_same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::ranges::search(sql, column, is_same).begin() != sql.end();
}

// The contract without the columns that neither its key nor a rule or check that rejects rows asks for.
Contract OfRejection(const Contract& contract) {
  Contract asked = contract;
  std::string sql;
  for (const auto& check : contract.checks) sql += check.sql + "\n";
  // A derived column may ask for those before it.
  asked.derived.clear();
  for (auto column = contract.derived.rbegin(); column != contract.derived.rend(); ++column) {
    if (!Names(sql, column->name)) continue;
    sql += column->sql + "\n";
    asked.derived.insert(asked.derived.begin(), *column);
  }
  std::erase_if(asked.columns, [&](const ContractColumn& column) {
    return std::ranges::count(contract.key, column.name) == 0 && RulesOfColumn(column, 0).empty() &&
           !Names(sql, column.name);
  });
  return asked;
}

// The scan's rows with, for each column c: _text_c (blanks around gone, empty is NULL), _typed_c, and c as it is kept;
// then the derived columns. `carried`: other columns of the scan, each with a comma before it.
std::string TypedSql(const Contract& contract, const std::string& scan, const std::string& carried = "") {
  std::string texts;
  std::string typed;
  std::string kept;
  for (const auto& column : contract.columns) {
    texts += fmt::format(", clean_text({0}) AS {1}", QuoteName(column.name), TextColumn(column));
    typed += fmt::format(", {} AS {}", ParseExpression(column), QuoteName("_typed_" + column.name));
    kept += fmt::format(", {} AS {}", KeptValue(column), QuoteName(column.name));
  }
  return fmt::format(
      "SELECT *{} FROM (SELECT *{} FROM (SELECT *{} FROM (SELECT _file, _line, _error, _record{}{} FROM {})))",
      DerivedColumns(contract), kept, typed, carried, texts, scan);
}

}  // namespace

std::vector<engine::ColumnRules> ReaderRules(const Contract& contract) {
  std::vector<engine::ColumnRules> rules;
  for (const auto& column : contract.columns) {
    engine::ColumnRules reader;
    reader.name = column.name;
    reader.type = column.type;
    reader.required = column.required;
    reader.on_breach = OnBreachOf(column.on_violation);
    if (!IsInSql(column)) {
      reader.cleans_email = column.clean == kCleanEmail && column.type.kind == Kind::kString;
      reader.min = column.range_min;
      reader.max = column.range_max;
      reader.values = column.values;
    }
    rules.push_back(std::move(reader));
  }
  return rules;
}

std::vector<NamedRule> RulesOf(const Contract& contract) {
  std::vector<NamedRule> named;
  for (auto& rule : AllRules(contract)) named.push_back(std::move(rule.named));
  return named;
}

std::vector<size_t> ColumnsInSql(const Contract& contract) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < contract.columns.size(); ++i) {
    if (IsInSql(contract.columns[i])) columns.push_back(i);
  }
  return columns;
}

std::string ColumnsInSqlSql(const Contract& contract, const std::string& staged) {
  std::string texts;
  std::string typed;
  std::vector<std::string> kept;
  std::vector<std::string> changed;
  for (size_t i : ColumnsInSql(contract)) {
    const auto& column = contract.columns[i];
    texts += fmt::format(", {} AS {}", QuoteName(column.name), TextColumn(column));
    typed += fmt::format(", {} AS {}", ParseExpression(column), QuoteName("_typed_" + column.name));
    std::string breach = "CASE";
    for (const auto& rule : RulesOfColumn(column, i)) {
      // What is missing the reader has seen.
      if (rule.named.kind == engine::Rule::kRequired) continue;
      breach += fmt::format(" WHEN NOT {} THEN {}", rule.holds, static_cast<int>(rule.named.kind));
    }
    breach = breach == "CASE" ? "-1" : breach + " ELSE -1 END";
    kept.push_back(fmt::format("{}, CAST({} AS BIGINT)", KeptValue(column), breach));
    changed.push_back(fmt::format("{} IS DISTINCT FROM {} OR {} >= 0", KeptValue(column), TextColumn(column), breach));
  }
  return fmt::format("SELECT _row, {} FROM (SELECT *{} FROM (SELECT _row{} FROM {})) WHERE {}", fmt::join(kept, ", "),
                     typed, texts, staged, fmt::join(changed, " OR "));
}

std::optional<std::string> BrokenChecksSql(const Contract& contract, const std::string& staged) {
  if (contract.checks.empty()) return std::nullopt;
  std::string columns;
  std::vector<std::string> holds;
  for (size_t begin = 0; begin < contract.checks.size(); begin += kChecksPerColumn) {
    std::vector<std::string> bits;
    for (size_t i = begin; i < std::min(begin + kChecksPerColumn, contract.checks.size()); ++i) {
      holds.push_back(CheckHolds(contract.checks[i]));
      bits.push_back(
          fmt::format("CASE WHEN {} THEN 0 ELSE CAST({} AS BIGINT) END", holds.back(), uint64_t{1} << (i - begin)));
    }
    columns += fmt::format(", CAST({} AS BIGINT)", fmt::join(bits, " + "));
  }
  return fmt::format("SELECT _row{} FROM {} WHERE NOT ({})", columns, staged, fmt::join(holds, " AND "));
}

std::string DerivedColumns(const Contract& contract) {
  std::string columns;
  for (const auto& column : contract.derived) columns += fmt::format(", {} AS {}", column.sql, QuoteName(column.name));
  return columns;
}

std::string JudgedSql(const Contract& contract, const std::string& scan) {
  auto rules = AllRules(contract);
  std::vector<std::string> columns;
  std::vector<std::string> texts;
  for (const auto& column : contract.columns) {
    columns.push_back(QuoteName(column.name));
    texts.push_back(fmt::format("CAST({} AS STRING)", QuoteName(column.name)));
  }
  std::string flaws;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!Rejects(rules[i])) flaws += fmt::format(", NOT {} AS {}", rules[i].holds, FlawColumn(i));
  }
  return fmt::format(
      "SELECT _file, _line, _file_id, data_hour, {}, content_hash(array({})) AS _content_hash, _error IS NOT NULL OR "
      "NOT "
      "({}) AS _is_rejected{} FROM ({})",
      fmt::join(columns, ", "), fmt::join(texts, ", "), AllHold(rules, Rejects), flaws,
      TypedSql(contract, scan, ", _file_id, data_hour"));
}

std::string FlawColumn(size_t rule) { return fmt::format("_flaw_{}", rule); }

std::string RejectedSql(const Contract& contract, const std::string& scan, SqlDialect dialect) {
  auto rules = AllRules(contract);
  std::vector<std::string> reasons;
  for (const auto& rule : rules) {
    if (Rejects(rule)) reasons.push_back(fmt::format("CASE WHEN NOT {} THEN {} END", rule.holds, rule.reason));
  }
  std::vector<std::string> key;
  for (const auto& name : contract.key) key.push_back(fmt::format("{}", QuoteName("_text_" + name)));
  // What is not NULL of the reasons, and how a list of them is written as JSON and counted.
  bool is_duckdb = dialect == SqlDialect::kDuckdb;
  std::string all = fmt::format("{}", fmt::join(reasons, ", "));
  std::string list = is_duckdb ? fmt::format("[r FOR r IN [{}] IF r IS NOT NULL]", all)
                               : fmt::format("filter(array({}), r -> r IS NOT NULL)", all);
  // Each rule stands in it once, and no column that none asks for: planning it takes longer than the few rows that are
  // read.
  return fmt::format(
      "SELECT _file, _line, concat_ws('/', {}) AS key, CASE WHEN _error IS NULL THEN 'contract' ELSE 'malformed' END "
      "AS kind, CAST(to_json(_reasons) AS {}) AS reasons, left(_record, 65536) AS record, "
      "_error IS NULL AND NOT ({}) AS failed FROM (SELECT *, CASE WHEN _error IS NULL THEN {} ELSE {}(_error) END AS "
      "_reasons FROM ({})) WHERE {}(_reasons) > 0",
      fmt::join(key, ", "), is_duckdb ? "VARCHAR" : "STRING",
      AllHold(rules, [](const SqlRule& rule) { return rule.named.on_violation == OnViolation::kFail; }), list,
      is_duckdb ? "list_value" : "array", TypedSql(OfRejection(contract), scan), is_duckdb ? "len" : "size");
}

}  // namespace qlake::model
