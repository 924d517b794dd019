#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/staged_rows.h"

namespace qlake::engine {

// Reads one file into a StagedFile: each cell is cleaned, read as its column's type and judged; a row that breaks a
// rule is left out and its place kept, so that someone slower can say why.
class FileStager {
 public:
  FileStager(const std::vector<ColumnRules>& rules, StagedFile& file, uint32_t file_index);
  ~FileStager();

  void Take(const rows::Row& row, const rows::Position& before);

 private:
  struct Column;
  // What a cell has become.
  struct Value {
    bool is_null = true;
    std::string_view text;
    int64_t number = 0;
    __int128 wide = 0;
  };

  bool Judge(const Column& column, const rows::Cell& cell, Value& value);
  bool Breaks(const Column& column, Rule rule, Value& value);
  void Keep(const rows::Row& row, const rows::Position& before);

  StagedFile& file_;
  uint32_t file_index_;
  std::vector<Column> columns_;
  std::vector<Value> values_;     // Of the row at hand.
  std::vector<Breach> breaches_;  // Of the row at hand.
  std::string content_;           // What is hashed of the row at hand.
};

// The first half of what content_hash() of functions.h gives for the same texts, then the second.
std::array<uint8_t, 16> HashContent(std::string_view joined);

inline constexpr char kContentNull = '\x1E';
inline constexpr char kContentSeparator = '\x1F';

}  // namespace qlake::engine
