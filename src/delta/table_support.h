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

// Writable: also writer versions to 6, and 7 with no other features than those versions have, timestampNtz and
// vacuumProtocolCheck; no column is mapped, generated or an identity. What such a table asks of the rows that are
// written (delta/constraints.h, delta/table_properties.h) is for the writer to see to.
void RequireWritable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata);

// How the names of columns in data files and partition values come from the schema (PROTOCOL.md, "Column Mapping").
enum class ColumnMapping {
  kNone,  // They are the schema's.
  kName,  // By physical names.
  kId,    // By field ids; partition values by physical names.
};
// Nothing when the table has a mode that is not of these.
std::optional<ColumnMapping> ColumnMappingOf(const Protocol& protocol, const Metadata& metadata);

// The protocol that a table of this configuration needs: `present`, with the lowest legacy writer version that has what
// the configuration asks for (3: CHECK constraints, 4: change data), or, at writer version 7, with their features.
Protocol RaiseProtocol(Protocol present, const Metadata& metadata);

}  // namespace qlake::delta
