#pragma once

#include <string>
#include <vector>

#include "base/column_type.h"
#include "delta/constraints.h"
#include "engine/duckdb/connection.h"

namespace qlake::engine {

// A constraint of a table as a condition of DuckDB's SQL, in parentheses. Constraints are SQL of Spark, and whoever may
// write to the table's log may have put them there: only what means the same on both engines is taken, comparisons,
// AND, OR, NOT, IN, BETWEEN, LIKE, CASE, IS NULL, + - * %, and a few functions over the table's columns. Throws
// Error{kInput} that names the table, the constraint and what is not understood in it.
std::string TranslateCondition(Connection& connection, const std::string& table_path,
                               const delta::Constraint& constraint, const std::vector<base::Column>& columns);

}  // namespace qlake::engine
