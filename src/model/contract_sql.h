#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/row_rules.h"
#include "model/contract.h"

// A contract compiled: to rules that the engine's own reader judges while it reads (engine/duckdb/row_rules.h), and to
// SQL for the rest: checks, derived columns, what a column asks in SQL, and the reasons of rows that fail.
namespace qlake::model {

std::vector<engine::ColumnRules> ReaderRules(const Contract& contract);

// A rule of the contract as people are told of it.
struct NamedRule {
  std::string name;
  OnViolation on_violation;
  std::optional<size_t> column;  // The column whose rule it is; nothing: a check.
  engine::Rule kind = engine::Rule::kType;
};
std::vector<NamedRule> RulesOf(const Contract& contract);

// Columns that the reader cannot judge alone: cleaned by a function of the project, or held against a pattern.
std::vector<size_t> ColumnsInSql(const Contract& contract);
// Their values, where the contract's rules change or break them: _row BIGINT, then per column of ColumnsInSql() the
// value that is kept as VARCHAR, and the rule that it breaks as BIGINT (engine::Rule; -1: none). `staged` has the
// texts.
std::string ColumnsInSqlSql(const Contract& contract, const std::string& staged);

// Rows that break a check: _row BIGINT, then BIGINTs of 62 bits, bit i of the n-th: the check 62 * n + i is broken.
// Nothing when the contract has no check.
inline constexpr size_t kChecksPerColumn = 62;
std::optional<std::string> BrokenChecksSql(const Contract& contract, const std::string& staged);

// The columns of the contract's derived ones, each with a comma before it.
std::string DerivedColumns(const Contract& contract);

// What engines write in different ways.
enum class SqlDialect { kDuckdb, kSpark };

// Rows of a raw scan that break the contract, with every reason: _file, _line, key VARCHAR, kind ('malformed' or
// 'contract'), reasons VARCHAR (JSON array), record VARCHAR, failed BOOLEAN (one of the rules says on_violation =
// "fail").
std::string RejectedSql(const Contract& contract, const std::string& scan, SqlDialect dialect);

// The whole verdict on the rows of a raw scan that also has _file_id and data_hour, on Spark: _file, _line, _file_id,
// data_hour, the contract's columns as they are kept, _content_hash, _is_rejected, and for each rule of RulesOf() that
// rejects no row whether it is broken, as FlawColumn() of its place there.
std::string JudgedSql(const Contract& contract, const std::string& scan);
std::string FlawColumn(size_t rule);

}  // namespace qlake::model
