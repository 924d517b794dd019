#pragma once

#include "delta/snapshot.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/table_shape.h"

namespace qlake::engine {

// What commitInfo says of a change, in the words of Delta Lake: operation (WRITE, DELETE, MERGE, CREATE TABLE,
// ADD COLUMNS, SET TBLPROPERTIES), its parameters and its metrics. What the caller has set itself stays, the operation
// WRITE apart, which stands for whatever the change is. A replaced row counts as one deleted and one inserted. A
// condition that names a personal column is not told: the log must hold no personal values.
void DescribeCommit(const TableShape& shape, const std::optional<delta::Snapshot>& base, const TableChange& change,
                    const ApplyReport& report, delta::CommitOptions& commit);

}  // namespace qlake::engine
