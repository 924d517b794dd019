#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rows/reader.h"

namespace qlake::rows {

// One file format behind Reader; each member means what Reader's of the same name means.
class RowParser {
 public:
  virtual ~RowParser() = default;

  virtual bool Next(Row& row) = 0;
  // How many more rows Next() would give. Afterwards the parser is at the file's end.
  virtual int64_t CountRest() = 0;

  const std::string& header() const { return header_; }
  const std::vector<std::string>& unknown_columns() const { return unknown_columns_; }
  Position position() const { return {position_, line_}; }
  virtual void Seek(const Position& position) {
    position_ = position.offset;
    line_ = position.line;
  }

 protected:
  std::string header_;
  std::vector<std::string> unknown_columns_;
  size_t position_ = 0;  // Where the next record, or a blank line before it, starts.
  int64_t line_ = 1;     // The line number of position_.
};

// Makes the row a bad one: no cells, and the reason after those that it has already.
void Reject(Row& row, size_t columns, std::string reason);

}  // namespace qlake::rows
