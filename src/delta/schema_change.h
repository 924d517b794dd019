#pragma once

#include <string>
#include <vector>

#include "base/column_type.h"

namespace qlake::delta {

// What a table's schema becomes when rows of the wanted columns are written to it.
struct SchemaChange {
  std::vector<base::Column> columns;  // The table's in their order, then those that are new to it.
  std::string schema_json;            // As before, where nothing changes: what other writers said of a column stays.
  std::vector<std::string> widened;   // Columns of a wider type than before: files written before have the old one.
  std::vector<std::string> made_personal;  // The log has statistics of them.
  bool changes = false;                    // schema_json differs from what it was.
};

// `schema_json` is empty for a new table. New columns are nullable; a column becomes wider where the wanted type holds
// every value of the present one exactly (PROTOCOL.md, "Type Widening", but for DATE: it has no zone, and our TIMESTAMP
// has one); a table's column that is not wanted stays. Throws Error{kInput} that names the column: one that would
// become narrower or of another kind, one whose type we do not write, two whose names differ in case alone, a
// partition column that is personal.
SchemaChange ChangeSchema(const std::string& table_path, const std::string& schema_json,
                          const std::vector<base::Column>& wanted, const std::vector<std::string>& partition_columns);

}  // namespace qlake::delta
