#pragma once

#include <string>

#include "cli/context.h"

namespace qlake::cli {

// `qlake doctor --compare duckdb,spark,hive`: holds the answers of the others against DuckDB's, prints where they part,
// and returns 1 when they do. Throws Error{kInput} when `engines` are not ones that can be compared. `only`: kinds of
// what is compared, between commas; empty: all.
int CompareEngines(Context& context, const std::string& engines, const std::string& only);

}  // namespace qlake::cli
