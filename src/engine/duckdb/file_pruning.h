#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/connection.h"

namespace qlake::engine {

// What values of one column the rows in question have: within these bounds, which belong to it, or any where there is
// none. Bounds are texts of the column's type as SQL writes them.
struct ValueRange {
  std::string column;
  std::optional<std::string> least;
  std::optional<std::string> greatest;
  bool has_null = false;  // A row in question may have NULL there.
  bool is_text = true;    // The bounds are texts themselves, and not dates or numbers.
};

// The live files that may hold a row within all ranges, by their partition values and statistics (PROTOCOL.md,
// "Per-file Statistics"); the others hold none. Ranges of INTEGER, BIGINT, DATE and VARCHAR leave files out, others
// none: a bound of theirs is not exact, or has more than one form.
std::vector<const delta::AddFile*> FilesThatMayHold(const delta::Snapshot& snapshot,
                                                    const std::vector<base::Column>& columns,
                                                    const std::vector<ValueRange>& ranges);

// The ranges of rows for which a condition is true, from those of its parts that all must be true and compare a column
// with a constant. `parse`: what json_serialize_sql says of a SELECT of the condition.
std::vector<ValueRange> RangesOf(const std::string& parse);

// How many rows a file has, deleted ones included, as its statistics say.
std::optional<int64_t> RecordCountOf(const delta::AddFile& file);

}  // namespace qlake::engine
