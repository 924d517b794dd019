#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace qlake::engine {

// Decides whether a statement of a user only reads tables that we defined. It works on DuckDB's own parse of the text
// (json_serialize_sql), so that the two cannot read it differently, and knows by name what is allowed: kinds of query,
// kinds of FROM, tables, table functions. Scalar functions are many; those that reach beyond their arguments are
// refused. Locking the engine (Database::Lock) is the second wall.
class SelectGuard {
 public:
  // `tables`: schema-qualified names.
  explicit SelectGuard(const std::set<std::string>& tables);

  // Throws Error{kInput} that says what is out of reach. `parse` is what json_serialize_sql gave for the statement.
  void Check(const std::string& parse) const;

 private:
  using Names = std::set<std::string>;

  // `ctes`: the names of common table expressions that can be seen from the node.
  void CheckNode(const base::Json& node, const Names& ctes) const;
  void CheckQuery(const base::Json& query, Names ctes) const;
  void CheckBaseTable(const base::Json& table, const Names& ctes) const;
  void CheckTableFunction(const base::Json& table, const Names& ctes) const;
  void CheckChildren(const base::Json& node, const Names& ctes) const;

  Names tables_;                                                // schema.table, lower-case.
  std::map<std::string, std::vector<std::string>> schemas_of_;  // By table, lower-case.
};

}  // namespace qlake::engine
