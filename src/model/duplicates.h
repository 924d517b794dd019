#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "model/staging.h"

namespace qlake::model {

// A key that a fact holds already, and the row that it holds for it.
struct KnownKey {
  uint64_t key_high = 0;
  uint64_t key_low = 0;
  uint64_t content = 0;
  std::string file_id;
  int64_t line = 0;
};

// Finds which of some keys (sorted by their hashes) a fact holds; the answer is sorted likewise, each key once.
using FindKnown = std::function<std::vector<KnownKey>(const std::vector<engine::KeyedRow>& keys)>;

// Leaves out which accepted rows of a fact's source are not the first of their key: later ones in the batch, and those
// whose key the fact holds already. Enters the verdicts in the source's counts, defines staged_once.<source> and
//   conflicts.<source>  _file, _line, key, kept_file_id, kept_line: rows whose key came before with other content
//   scan_conflicts.<source>  a raw scan of their records
// Returns the keys of the batch, sorted by their hashes.
std::vector<engine::KeyedRow> JudgeDuplicates(lake::Lake& lake, StagedSource& source, const Model& fact,
                                              const FindKnown& find_known);

// The keys of staged.<source> that the fact's view holds, by a join of the two.
std::vector<KnownKey> FindKnownInFact(lake::Lake& lake, const Contract& contract, const Model& fact);

// For a source that feeds dimensions only: a row that repeats key and content of an earlier row of its own file counts
// as a duplicate (it changes nothing).
void CountRepeats(lake::Lake& lake, StagedSource& source);

}  // namespace qlake::model
