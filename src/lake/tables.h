#pragma once

#include <string>
#include <vector>

#include "base/column_type.h"
#include "engine/duckdb/database.h"
#include "events/event_shape.h"

// The tables that qlake keeps for itself, whatever the project: their names and schemas. docs/lake.md describes each.
namespace qlake::lake {

inline constexpr const char* kRawFiles = "raw.files";
inline constexpr const char* kOpsSteps = "ops.steps";
inline constexpr const char* kOpsLedger = "ops.ledger";
inline constexpr const char* kOpsRuns = "ops.runs";
inline constexpr const char* kOpsChecks = "ops.checks";
inline constexpr const char* kOpsDrift = "ops.drift";

struct TableSchema {
  std::string name;  // layer.table
  std::string description;
  std::vector<base::Column> columns;
  std::vector<std::string> partition_columns;
};

const TableSchema& RawFilesSchema();
const TableSchema& StepsSchema();
const TableSchema& LedgerSchema();
const TableSchema& RunsSchema();
const TableSchema& ChecksSchema();
TableSchema QuarantineSchema(const std::string& source);

// events.<name>: the columns of the contract, then those of ours, in the order of EventOrigin, then the hour.
TableSchema EventsSchema(const events::EventShape& shape);
// events.<name>_dead_letter, by the hour in which each came: of a bad event, its own time may be what is wrong.
TableSchema DeadLetterSchema(const events::EventShape& shape);
const TableSchema& DriftSchema();

// "warehouse.product_dim" -> "warehouse/product_dim", its folder in the lake.
std::string TablePath(const std::string& table_name);
std::string TableName(const std::string& table_path);  // The other way.

engine::TableTarget TargetOf(const TableSchema& schema);

// A SELECT of constant rows with the schema's columns and types. A cell without a value is NULL.
using TextRow = std::vector<std::optional<std::string>>;
std::string SelectRows(const TableSchema& schema, const std::vector<TextRow>& rows);

}  // namespace qlake::lake
