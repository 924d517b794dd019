#pragma once

#include <duckdb.h>

#include <string>
#include <vector>

#include "base/column_type.h"

namespace qlake::engine {

// Conditions that every row written to a table has to meet, judged where the rows are computed: their SELECT has one
// column more, which tells the condition that a row breaks, and whoever takes the rows looks at it. A condition that is
// NULL is broken, as Delta Lake has it. Thread-safe once all conditions are added.
class RowCheck {
 public:
  static constexpr const char* kColumn = "_qlake_broken";

  RowCheck(std::string table_path, std::vector<base::Column> columns)
      : table_path_(std::move(table_path)), columns_(std::move(columns)) {}

  // `description` stands in errors: the constraint "units_positive" (units > 0).
  void Add(std::string description, std::string condition_sql);
  bool empty() const { return conditions_.empty(); }

  // "CASE ... END AS _qlake_broken": the number of the first condition that a row breaks, else NULL.
  std::string Column() const;

  // Throws Error{kInput} that names the condition and shows the first row that breaks it, personal values masked.
  // REQUIRES: the chunk has the table's columns first and Column() last.
  void Require(duckdb_data_chunk chunk) const;

 private:
  struct Condition {
    std::string description;
    std::string sql;
  };

  std::string Show(duckdb_data_chunk chunk, idx_t row) const;

  std::string table_path_;
  std::vector<base::Column> columns_;
  std::vector<Condition> conditions_;
};

}  // namespace qlake::engine
