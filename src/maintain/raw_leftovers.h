#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/lake.h"
#include "maintain/raw_bytes.h"

namespace qlake::maintain {

// A file below raw/bytes/ that no row of raw.files names, nor named at any time since the cut-off.
struct RawLeftover {
  std::string path;
  uint64_t bytes = 0;
  // Where the same bytes lie now, when they were received: from there they have to be proven before this file may go.
  // Nothing: bytes that raw.files never learnt of, an ingest or a packing that was cut short.
  std::vector<RawRange> packed_at;
  std::string sha256;
};

// Those that are older than the cut-off, by path. REQUIRES, when they are to be removed: the lake's lease, from before
// the call on, because an ingest takes bytes that it finds for its own.
std::vector<RawLeftover> FindRawLeftovers(lake::Lake& lake, base::Timestamp cut_off);

// Proves each from its container, then removes it. Throws Error{kCorrupt}, and leaves the file where it is, when a
// container does not give the bytes back: the file is the last copy then.
void RemoveRawLeftovers(lake::Lake& lake, const std::vector<RawLeftover>& leftovers);

}  // namespace qlake::maintain
