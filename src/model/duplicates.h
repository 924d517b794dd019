#pragma once

#include <string>

#include "lake/lake.h"
#include "model/staging.h"

namespace qlake::model {

// Which accepted rows of a fact's source are not the first of their key: later ones in the batch and, when `known_fact`
// (the fact's view, without the rows of this batch) is not empty, those whose key the fact holds already. Writes
//   judged.<source>       _file, _line, key, verdict ('duplicate' or 'conflict'), kept_file_id, kept_line
//   staged_once.<source>  staged.<source> without the judged rows: what a fact's model reads
// and enters the verdicts in the source's counts.
void JudgeDuplicates(lake::Lake& lake, StagedSource& source, const Model& fact, const std::string& known_fact);

// For a source that feeds dimensions only: a row that repeats key and content of an earlier row of its own file counts
// as a duplicate (it changes nothing).
void CountRepeats(lake::Lake& lake, StagedSource& source);

}  // namespace qlake::model
