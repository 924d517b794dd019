#pragma once

#include <optional>
#include <string>

#include "delta/actions.h"

namespace qlake::delta {

// What a table asks of its readers and writers (PROTOCOL.md, "Table Features"), held against what we can. Each throws
// Error{kInput} that names the version or feature that is not supported.
//
// Readable: reader versions 1 and 2; 3 with no other features than columnMapping, deletionVectors, timestampNtz,
// typeWidening, v2Checkpoint and vacuumProtocolCheck.
void RequireReadable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata);

// Writable: also writer versions to 2, and 7 with no other features than timestampNtz, vacuumProtocolCheck, appendOnly
// and invariants; no column has invariants, none is mapped.
// Whether a commit keeps delta.appendOnly is for the transaction to see.
void RequireWritable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata);

// How the names of columns in data files and partition values come from the schema (PROTOCOL.md, "Column Mapping").
enum class ColumnMapping {
  kNone,  // They are the schema's.
  kName,  // By physical names.
  kId,    // By field ids; partition values by physical names.
};
// Nothing when the table has a mode that is not of these.
std::optional<ColumnMapping> ColumnMappingOf(const Protocol& protocol, const Metadata& metadata);

bool IsAppendOnly(const Metadata& metadata);

}  // namespace qlake::delta
