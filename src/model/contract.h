#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/column_type.h"
#include "lake/source.h"

namespace qlake::model {

// What happens to a row, or a value, that breaks a rule.
enum class OnViolation { kQuarantine, kNull, kWarn, kFail };
std::string_view NameOf(OnViolation on_violation);

struct ContractColumn {
  std::string name;
  std::vector<std::string> aliases;
  base::ColumnType type;
  std::string clean;  // Function that cleans the text; empty: none.
  bool required = false;
  std::optional<std::string> range_min;  // As texts that the column's type can read.
  std::optional<std::string> range_max;
  std::vector<std::string> values;
  std::string pattern;
  bool personal = false;
  OnViolation on_violation = OnViolation::kQuarantine;
};

struct DerivedColumn {
  std::string name;
  std::string sql;
};

struct Check {
  std::string name;
  std::string sql;  // A condition that holds for good rows.
  OnViolation on_violation = OnViolation::kQuarantine;
};

// sources/<name>.toml: what the rows of a source must look like.
struct Contract {
  std::string name;
  std::string description;
  std::vector<std::string> file_patterns;
  std::vector<std::string> key;
  std::vector<std::string> optional_trailing;
  std::vector<ContractColumn> columns;
  std::vector<DerivedColumn> derived;
  std::vector<Check> checks;

  lake::Source ToSource() const;
};

// Throws Error{kInput} with file and line on anything that is no contract: unknown keys, wrong types, a key column that
// is no column, on_violation that the rule cannot follow.
Contract ParseContract(const std::string& path, const std::string& text);

}  // namespace qlake::model
