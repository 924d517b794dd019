#include "compare/function_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/column_type.h"

namespace qlake::compare {
namespace {

using Kind = base::ColumnType::Kind;

constexpr int kManyDigits = 16;  // Of a decimal that holds odd.rows' amounts.

// Calls that make more of a difference than one by types would, where both engines call alike.
const std::map<std::string, std::vector<std::string>>& TellingCalls() {
  static const std::map<std::string, std::vector<std::string>> calls = {
      {"split_address",
       {"split_address(x, 1)", "split_address(x, 2)", "split_address(x, 3)", "split_address(x, 4)",
        "split_address(x, 5)", "split_address(x, CAST(NULL AS INT))"}},
      {"is_decimal",
       {"is_decimal(x, 9, 2)", "is_decimal(x, 5, 5)", "is_decimal(x, 38, 0)", "is_decimal(x, 39, 2)",
        "is_decimal(x, 3, 4)", "is_decimal(x, CAST(NULL AS INT), 2)"}},
      {"regexp_full_match", {"regexp_full_match(x, '[a-z0-9.]+')"}},
      {"percent_of", {"percent_of(part, whole)", "percent_of(n, n + 7)", "percent_of(n, n - n)"}},
      {"average_of", {"average_of(total, n)", "average_of(total, n - n)"}},
      {"window_start", {"window_start(t, 10)", "window_start(t, 30)", "window_start(t, 1440)"}}};
  return calls;
}

// And where they do not.
std::optional<FunctionCall> OwnCall(const std::string& function) {
  if (function == "content_hash") {
    return FunctionCall{function, "content_hash(x, clean_text(x), '')", "content_hash(array(x, clean_text(x), ''))"};
  }
  // A HUGEINT here, a DECIMAL there.
  if (function == "ten_thousandths") {
    return FunctionCall{function, "CAST(ten_thousandths(part) AS VARCHAR)", "CAST(ten_thousandths(part) AS STRING)"};
  }
  return std::nullopt;
}

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

// Where the text has the word, whatever its case; npos: not from there on.
size_t FindWord(const std::string& lower, const std::string& word, size_t from) {
  for (size_t at = lower.find(word, from); at != std::string::npos; at = lower.find(word, at + 1)) {
    bool begins = at == 0 || !IsNameCharacter(lower[at - 1]);
    size_t end = at + word.size();
    if (begins && (end == lower.size() || !IsNameCharacter(lower[end]))) return at;
  }
  return std::string::npos;
}

// {name: what stands in its parentheses} of every "FUNCTION name(...)" or "MACRO name(...)".
std::map<std::string, std::string> DefinitionsIn(const std::string& sql, const std::string& word) {
  std::map<std::string, std::string> found;
  std::string lower = Lower(sql);
  for (size_t at = FindWord(lower, word, 0); at != std::string::npos; at = FindWord(lower, word, at + 1)) {
    size_t name = sql.find_first_not_of(" \t\r\n", at + word.size());
    if (name == std::string::npos) break;
    size_t end = name;
    while (end < sql.size() && IsNameCharacter(sql[end])) ++end;
    if (end == name || end == sql.size() || sql[end] != '(') continue;
    size_t close = end;
    for (int depth = 0; close < sql.size(); ++close) {
      if (sql[close] == '(') ++depth;
      if (sql[close] == ')' && --depth == 0) break;
    }
    if (close == sql.size()) continue;
    found[lower.substr(name, end - name)] = sql.substr(end + 1, close - end - 1);
  }
  return found;
}

// The types in "t STRING, digits DECIMAL(38,4)".
std::vector<std::string> TypesOf(const std::string& parameters) {
  std::vector<std::string> types;
  int depth = 0;
  std::string parameter;
  auto take = [&] {
    std::string trimmed = Trim(parameter);
    size_t blank = trimmed.find_first_of(" \t\r\n");
    if (!trimmed.empty()) types.push_back(blank == std::string::npos ? "" : Trim(trimmed.substr(blank)));
    parameter.clear();
  };
  for (char c : parameters) {
    if (c == '(' || c == '<') ++depth;
    if (c == ')' || c == '>') --depth;
    if (c == ',' && depth == 0) {
      take();
    } else {
      parameter.push_back(c);
    }
  }
  take();
  return types;
}

// A column of odd.rows, or an expression over one, of the type; `position` is the argument's.
std::optional<std::string> ValueOf(const std::string& sql_type, size_t position) {
  std::string name = Lower(sql_type);
  if (name == "int") name = "integer";
  auto type = base::ParseSqlType(name == "timestamp" ? "TIMESTAMP WITH TIME ZONE" : name);
  if (!type) return std::nullopt;
  switch (type->kind) {
    case Kind::kString:
      return "x";
    case Kind::kBoolean:
      return "(n % 2 = 0)";
    case Kind::kInteger:
      return "CAST(n AS INT)";
    case Kind::kLong:
      return "n";
    case Kind::kDouble:
      return "CAST(part AS DOUBLE)";
    case Kind::kDecimal:
      if (type->precision - type->scale >= kManyDigits) return position % 2 == 0 ? "part" : "whole";
      return fmt::format("CAST(n % 10 AS DECIMAL({},{}))", type->precision, type->scale);
    case Kind::kDate:
      return "d";
    case Kind::kTimestamp:
      return "t";
    case Kind::kBinary:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> CallByTypes(const std::string& function, const std::string& parameters) {
  std::vector<std::string> values;
  for (const auto& type : TypesOf(parameters)) {
    auto value = ValueOf(type, values.size());
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return fmt::format("{}({})", function, fmt::join(values, ", "));
}

// Whether contracts, models or reports call it.
bool IsCalled(const model::Project& project, const std::string& function) {
  return std::ranges::any_of(project.files(), [&](const model::ProjectFile& file) {
    if (file.path.starts_with("functions/")) return false;
    return Lower(file.text).find(function + "(") != std::string::npos;
  });
}

}  // namespace

FunctionCalls FindFunctionCalls(engine::Engine& duckdb, const model::Project& project) {
  auto on_spark = DefinitionsIn(project.FunctionsSql("spark"), "function");
  std::set<std::string> on_duckdb;
  for (const auto& row : duckdb.Query("SELECT DISTINCT lower(function_name) FROM duckdb_functions() ORDER BY 1").rows) {
    on_duckdb.insert(row[0].value_or(""));
  }
  std::map<std::string, std::string> functions = on_spark;
  functions.merge(DefinitionsIn(project.FunctionsSql("duckdb"), "macro"));
  FunctionCalls found;
  for (const auto& [function, parameters] : functions) {
    bool is_on_both = on_spark.contains(function) && on_duckdb.contains(function);
    if (!is_on_both && !IsCalled(project, function)) continue;
    if (auto own = OwnCall(function)) {
      found.calls.push_back(*own);
      continue;
    }
    if (auto telling = TellingCalls().find(function); telling != TellingCalls().end()) {
      for (const auto& call : telling->second) found.calls.push_back({function, call, call});
      continue;
    }
    // Of a macro no types are known.
    auto call = on_spark.contains(function) ? CallByTypes(function, parameters) : std::nullopt;
    if (call) {
      found.calls.push_back({function, *call, *call});
    } else {
      found.without_call.push_back(function);
    }
  }
  return found;
}

std::vector<std::string> InputsOf(const FunctionCall& call) {
  std::vector<std::string> inputs;
  for (const char* column : {"x", "part", "whole", "total", "t", "d"}) {
    if (FindWord(call.duckdb, column, 0) != std::string::npos) inputs.emplace_back(column);
  }
  return inputs;
}

}  // namespace qlake::compare
