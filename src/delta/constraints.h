#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.h"

namespace qlake::delta {

// What every row of a table has to meet.
struct Constraint {
  std::string name;  // As people know it: of a CHECK its name, else what it says.
  std::string sql;   // A condition over the table's columns, in the SQL of Spark: `names` so, 'texts' so.

  bool operator==(const Constraint&) const = default;
};

// Configuration key of a CHECK constraint (PROTOCOL.md, "CHECK Constraints").
inline constexpr std::string_view kCheckPrefix = "delta.constraints.";

// All that the table asks of its rows: CHECK constraints, columns that are not nullable, and column invariants. Throws
// Error{kCorrupt} when the schema or an invariant is not what the protocol says.
std::vector<Constraint> ConstraintsOf(const Metadata& metadata);

}  // namespace qlake::delta
