#pragma once

#include <string>
#include <vector>

#include "model/contract.h"

// A contract compiled to SQL. Every query reads `scan`, a raw scan of the source (engine/duckdb/database.h).
namespace qlake::model {

// Rows that keep their contract: _file INTEGER, _line BIGINT, the declared columns typed and cleaned, the derived ones,
// _flawed BOOLEAN (a null or warn rule was broken), _content_hash BLOB of the declared columns.
std::string AcceptedSql(const Contract& contract, const std::string& scan);

// Rows that do not, with every reason: _file, _line, key VARCHAR, kind ('malformed' or 'contract'), reasons VARCHAR
// (JSON array), record VARCHAR, failed BOOLEAN (one of the rules says on_violation = "fail").
std::string RejectedSql(const Contract& contract, const std::string& scan);

// How many rows broke each null or warn rule: one row, a BIGINT column per rule of CountedRules(), in its order.
struct CountedRule {
  std::string name;
  OnViolation on_violation;
};
std::vector<CountedRule> CountedRules(const Contract& contract);
std::string CountsSql(const Contract& contract, const std::string& scan);

}  // namespace qlake::model
