#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delta/constraints.h"
#include "delta/schema_change.h"
#include "delta/snapshot.h"
#include "engine/duckdb/database.h"

namespace qlake::engine {

// What a commit makes of a table beside its rows.
struct TableShape {
  std::vector<std::string> present_columns;  // Names of the table's columns as it is; none of a new one.
  delta::SchemaChange schema;                // Its columns as it will be.
  delta::Metadata metadata;
  bool changes = false;                            // The metadata is new, or differs from the table's.
  std::vector<delta::Constraint> constraints;      // All that hold from this commit on.
  std::vector<delta::Constraint> new_constraints;  // Those that rows of the table were not held against yet.

  const std::vector<base::Column>& columns() const { return schema.columns; }
};

// Throws Error{kInput} when the target does not fit the table, or asks for what a table cannot have: other partition
// columns, a narrower type, an unknown property, a column whose name change data needs.
TableShape ShapeTable(const TableTarget& target, const std::optional<delta::Snapshot>& base, const base::Clock& clock);

}  // namespace qlake::engine
