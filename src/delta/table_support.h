#pragma once

#include <string>

#include "delta/actions.h"

namespace qlake::delta {

// What a table asks of its readers and writers (PROTOCOL.md, "Table Features"), held against what we can. Each throws
// Error{kInput} that names the version or feature that is not supported.
//
// Readable: reader versions 1 and 2 without column mapping; 3 with no other features than timestampNtz and
// vacuumProtocolCheck.
void RequireReadable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata);

// Writable: also writer versions to 2, and 7 with those features, appendOnly and invariants; no column has invariants.
// Whether a commit keeps delta.appendOnly is for the transaction to see.
void RequireWritable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata);

bool IsAppendOnly(const Metadata& metadata);

}  // namespace qlake::delta
