#pragma once

#include <map>
#include <string>

#include "compare/comparison_report.h"
#include "compare/row_comparison.h"
#include "delta/snapshot.h"
#include "model/project.h"

namespace qlake::compare {

// The column of a row's place in an answer, which reports are compared by.
inline constexpr const char* kRowNumber = "row";

// What may be shown of a column: by its name, which means the same wherever it stands. A text that nobody has declared
// is a personal one.
class Privacy {
 public:
  explicit Privacy(const model::Project& project);

  // Of a table, whose own schema says so; what it does not call personal, somebody has looked at.
  void Learn(const delta::Snapshot& snapshot);

  // What came of holding rows against each other, with the differences in words and personal values masked.
  void Enter(const RowComparison& rows, Compared& compared) const;

 private:
  Difference Tell(const RowComparison& rows, const RowDifference& found) const;
  void Declare(const std::string& name, bool is_personal);
  std::string Show(const engine::ResultColumn& column, const engine::ResultCell& cell) const;

  std::map<std::string, bool> is_personal_;  // By name in lower case.
};

}  // namespace qlake::compare
