#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rows/reader.h"

namespace qlake::rows {

// A row that owns its texts, so that a test can look at all rows of a file together.
struct OwnedRow {
  int64_t line = 0;
  std::string record;
  size_t offset = 0;  // Of the record in the file.
  std::vector<std::optional<std::string>> cells;
  std::string rescued;
  std::string error;
};

using Texts = std::vector<std::optional<std::string>>;

// All rows of the file. Fails the test when CountRows does not agree.
std::vector<OwnedRow> ReadAll(std::string_view bytes, const RowShape& shape);

// A shape of optional, unaliased columns, none of which is a key.
RowShape ShapeOf(const std::vector<std::string>& names);

// The shape of the real sales transactions, as their contract declares it.
RowShape TransactionShape();

std::string ReadWholeFile(const std::string& path);

// Where test material that is not part of the project lies; empty when it is not there.
std::string SharedFolder(const std::string& below);

}  // namespace qlake::rows
