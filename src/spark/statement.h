#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace qlake::spark {

// A value for a place :name in a statement; other types by CAST(:name AS DECIMAL(18,4)).
using Value = std::variant<std::nullptr_t, bool, int64_t, double, std::string>;

struct Statement {
  std::string sql;
  std::map<std::string, Value> parameters;  // For each :name of the text.
};

// The text with a literal in each place that has a value. It is done here because Delta's parser loses what the
// protocol has for it (Delta 4.4 on Spark 4.2: UNBOUND_SQL_PARAMETER). Positions that Spark names count in this text.
std::string BindParameters(const Statement& statement);

}  // namespace qlake::spark
