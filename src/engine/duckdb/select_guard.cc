#include "engine/duckdb/select_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"

namespace qlake::engine {
namespace {

constexpr std::array kQueries = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"};
// A base table and a table function are looked at one by one. SHOW_REF (DESCRIBE, SUMMARIZE, SHOW) tells of tables that
// are none of the lake's.
constexpr std::array kSources = {"BASE_TABLE",      "TABLE_FUNCTION", "SUBQUERY", "JOIN",
                                 "EXPRESSION_LIST", "EMPTY",          "PIVOT"};
constexpr std::array kTableFunctions = {"range", "generate_series", "unnest"};
// Functions that read or change what is not in their arguments: settings, variables, sequences, logs, the session, the
// clock of the process; and aggregate states as bytes, which DuckDB believes without checking.
constexpr std::array kRefused = {"col_description",
                                 "combine",
                                 "combine_aggr",
                                 "current_catalog",
                                 "current_connection_id",
                                 "current_database",
                                 "current_query",
                                 "current_query_id",
                                 "current_role",
                                 "current_schema",
                                 "current_schemas",
                                 "current_setting",
                                 "current_transaction_id",
                                 "current_user",
                                 "currval",
                                 "finalize",
                                 "get_block_size",
                                 "getenv",
                                 "getvariable",
                                 "in_search_path",
                                 "index_key",
                                 "json_deserialize_sql",
                                 "json_execute_serialized_sql",
                                 "json_serialize_plan",
                                 "json_serialize_sql",
                                 "nextval",
                                 "obj_description",
                                 "parse_duckdb_log_message",
                                 "session_user",
                                 "setseed",
                                 "setval",
                                 "shobj_description",
                                 "sleep_ms",
                                 "stats",
                                 "to_aggregate_state",
                                 "txid_current",
                                 "user",
                                 "vector_type",
                                 "version",
                                 "write_log"};
constexpr std::array kRefusedPrefixes = {"__internal", "duckdb_", "glob",  "has_",  "inet_", "pg_",
                                         "pragma_",    "qlake_",  "query", "read_", "sniff_"};
// Operators and rewrites of DuckDB's own whose names would match.
constexpr std::array kAllowedAnyway = {"__internal_barrier", "has_any", "has_all"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

template <typename List>
bool Contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

[[noreturn]] void Refuse(std::string_view what) {
  throw base::InputError("sql: {} is out of reach: only SELECT over the lake's tables is allowed", what);
}

std::string Text(const base::Json& node, const char* field) {
  auto found = node.find(field);
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

void CheckFunctionName(const std::string& name) {
  std::string lower = Lower(name);
  if (Contains(kAllowedAnyway, lower)) return;
  bool has_refused_prefix = std::any_of(kRefusedPrefixes.begin(), kRefusedPrefixes.end(),
                                        [&](const char* prefix) { return lower.starts_with(prefix); });
  if (has_refused_prefix || Contains(kRefused, lower)) Refuse(name);
}

}  // namespace

SelectGuard::SelectGuard(const std::set<std::string>& tables) {
  for (const auto& table : tables) {
    std::string name = Lower(table);
    size_t point = name.find('.');
    tables_.insert(name);
    schemas_of_[name.substr(point + 1)].push_back(name.substr(0, point));
  }
}

void SelectGuard::Check(const std::string& parse) const {
  base::Json parsed = base::Json::parse(parse);
  if (parsed.value("error", true)) {
    if (Text(parsed, "error_type") == "not implemented") Refuse("a statement that is no SELECT");
    throw base::InputError("sql: {}", Text(parsed, "error_message"));
  }
  const auto& statements = parsed.at("statements");
  if (statements.size() != 1) {
    throw base::InputError("sql: one statement is wanted, not {}", statements.size());
  }
  CheckNode(statements[0], {});
}

void SelectGuard::CheckNode(const base::Json& node, const Names& ctes) const {
  if (!node.is_object()) return CheckChildren(node, ctes);
  // Only queries have common table expressions.
  if (node.contains("cte_map")) return CheckQuery(node, ctes);
  if (node.contains("function_name")) CheckFunctionName(Text(node, "function_name"));
  // Only what stands in FROM has a sample and no class, which expressions have.
  bool is_source = node.contains("sample") && !node.contains("class");
  if (!is_source) return CheckChildren(node, ctes);
  std::string type = Text(node, "type");
  if (!Contains(kSources, type)) Refuse(type == "SHOW_REF" ? "DESCRIBE, SUMMARIZE or SHOW" : type);
  if (type == "BASE_TABLE") CheckBaseTable(node, ctes);
  if (type == "TABLE_FUNCTION") CheckTableFunction(node, ctes);
  CheckChildren(node, ctes);
}

void SelectGuard::CheckQuery(const base::Json& query, Names ctes) const {
  std::string type = Text(query, "type");
  if (!Contains(kQueries, type)) Refuse("a query that changes something");
  // A common table expression is seen by those behind it and by the query, and by itself only when it is recursive: a
  // name that is not yet seen is a table's or a file's.
  for (const auto& entry : query.at("cte_map").at("map")) {
    CheckNode(entry.at("value"), ctes);
    ctes.insert(Lower(Text(entry, "key")));
  }
  if (type == "RECURSIVE_CTE_NODE" || type == "CTE_NODE") ctes.insert(Lower(Text(query, "cte_name")));
  for (const auto& [key, child] : query.items()) {
    if (key != "cte_map") CheckNode(child, ctes);
  }
}

void SelectGuard::CheckBaseTable(const base::Json& table, const Names& ctes) const {
  std::string shown = Text(table, "table_name");
  std::string name = Lower(shown);
  std::string schema = Lower(Text(table, "schema_name"));
  std::string catalog = Text(table, "catalog_name");
  if (schema.empty() && catalog.empty()) {
    if (ctes.contains(name)) return;
    auto found = schemas_of_.find(name);
    if (found == schemas_of_.end()) Refuse(shown);
    if (found->second.size() > 1) {
      throw base::InputError("sql: more than one table is called {}, write {}", name,
                             fmt::format("{}.{}", fmt::join(found->second, "." + name + " or "), name));
    }
    return;
  }
  // "recurring.cte" is DuckDB's name for all rows of a recursive common table expression so far.
  if (schema == "recurring" && catalog.empty() && ctes.contains(name)) return;
  if (!catalog.empty() || !tables_.contains(schema + "." + name)) Refuse(schema + "." + shown);
}

void SelectGuard::CheckTableFunction(const base::Json& table, const Names& ctes) const {
  const auto& function = table.at("function");
  std::string name = Text(function, "function_name");
  if (!Contains(kTableFunctions, Lower(name))) Refuse(name.empty() ? "a table function" : name);
  CheckNode(function, ctes);
}

void SelectGuard::CheckChildren(const base::Json& node, const Names& ctes) const {
  if (!node.is_structured()) return;
  for (const auto& child : node) CheckNode(child, ctes);
}

}  // namespace qlake::engine
