#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/result.h"

namespace qlake::compare {

// Rows as somebody gives them: an engine that answers a SELECT, or a server that is asked for a table. Read as often as
// it takes, the same each time, in any order.
using RowSource = std::function<void(const engine::ResultVisitor&)>;

struct RowDifference {
  enum class Kind {
    kColumns,      // Other names of columns, or another number of them; `one` and `other` have the names.
    kType,         // Of the column.
    kOnlyInOne,    // A row that the other has not,
    kOnlyInOther,  // and the other way.
    kValue,        // Of the column, in rows of one key.
  };
  Kind kind = Kind::kValue;
  std::vector<engine::ResultCell> key;  // One cell a column of RowComparison::key; of rows only.
  std::string column;
  engine::ResultCell one;
  engine::ResultCell other;
};

struct RowComparison {
  std::vector<engine::ResultColumn> columns;  // Of the first.
  std::vector<size_t> key;                    // Indexes of the columns that name a row: all, when no key is known.
  int64_t rows_in_one = 0;
  int64_t rows_in_other = 0;
  int64_t rows_different = 0;              // Keys whose rows differ;
  bool has_more = false;                   // there are more than were counted.
  std::vector<RowDifference> differences;  // The first of them by key.
  bool differs() const { return !differences.empty(); }
};

// Compares two multisets of rows in memory of a fixed size, however many they are: sums of hashes first, and of what
// they tell apart the rows in a second reading. Columns of `key` that there are not do not count.
RowComparison CompareRows(const RowSource& one, const RowSource& other, const std::vector<std::string>& key,
                          size_t differences_max);

}  // namespace qlake::compare
