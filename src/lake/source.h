#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rows/reader.h"

namespace qlake::lake {

// What ingest has to know of a source: which files are its own and how their rows look. Comes from its contract.
struct Source {
  std::string name;                        // sales_transactions
  std::vector<std::string> file_patterns;  // sales_transactions_*.csv; `*` stands for any characters.
  rows::RowShape shape;                    // Of its CSV files; JSON-lines files have the same columns.
  std::vector<std::string> personal;       // Columns of it that are.
};

bool MatchesPattern(std::string_view file_name, std::string_view pattern);

// By the ending of the name: .jsonl and .ndjson are JSON lines, all else is CSV.
rows::FileFormat FormatOf(std::string_view file_name);

// The source that the file belongs to, or nullptr. Throws Error{kInput} when two sources claim it.
const Source* FindSource(const std::vector<Source>& sources, std::string_view file_name);

}  // namespace qlake::lake
