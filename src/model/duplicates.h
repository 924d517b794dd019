#pragma once

#include <optional>
#include <vector>

#include "lake/lake.h"
#include "model/fact_keys.h"
#include "model/staging.h"

namespace qlake::model {

// Which fact the rows are for, and what it held before the batch.
struct FactBefore {
  const Model& model;
  FactKeys& keys;
  // As the intent saw it; nothing: there is none, or its rows are derived anew.
  std::optional<delta::Snapshot> snapshot;
  int64_t before_seq = 0;  // It has rows of files below this one only.
};

// Leaves out which accepted rows of a fact's source are not the first of their key: later ones in the batch, and those
// whose key the fact holds already. Enters the verdicts in the source's counts, defines staged_once.<source> and
//   conflicts.<source>       _file, _line, key, kept_file_id, kept_line: rows whose key came before with other content
//   scan_conflicts.<source>  a raw scan of their records
// Returns the entries of the rows that stay, sorted by the hashes of their keys.
std::vector<lake::KeyEntry> JudgeDuplicates(lake::Lake& lake, StagedSource& source, FactBefore& fact);

// For a source that feeds dimensions only: a row that repeats key and content of an earlier row of its own file counts
// as a duplicate (it changes nothing).
void CountRepeats(lake::Lake& lake, StagedSource& source);

}  // namespace qlake::model
