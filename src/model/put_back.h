#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/writer.h"

// How a source that fails lets the others go on (docs/decisions/0015-what-fails-waits-alone.md): its waiting files go
// back to the end of the queue. raw.files gets their rows once more, with a seq of their own and all else as it was, so
// that the batch at hand ends before them and a later one finds them waiting, like files that came just now.
namespace qlake::model {

struct WaitingFiles {
  std::string source;
  int64_t behind_seq = 0;  // Those with a higher seq,
  int64_t until_seq = 0;   // and this one at most.
};

// Commits to raw.files: all of them or none. REQUIRES: no table has been written from them.
void PutBack(lake::Writer& writer, const WaitingFiles& files);

// The revisions that count: of those that one run took in of one file only the one with the last seq.
std::vector<lake::FileRecord> WithoutPutBack(const std::vector<lake::FileRecord>& revisions);

}  // namespace qlake::model
