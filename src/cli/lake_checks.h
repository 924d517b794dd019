#pragma once

#include "cli/finding.h"
#include "lake/lake.h"

namespace qlake::cli {

// What `qlake doctor` asks of a lake: what was left half done, whether its time runs ahead of ours, and how its tables
// stand. Takes no lease and writes nothing. Throws what the lake throws.
void CheckLake(lake::Lake& lake, Findings& findings);

}  // namespace qlake::cli
