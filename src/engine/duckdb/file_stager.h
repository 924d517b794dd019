#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/content_text.h"
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

  // Each judges a cell and appends its value to its column and to the content. False: the row is rejected.
  bool TakeCell(Column& column, std::string_view text);
  bool TakeText(Column& column, std::string_view text);
  bool TakeEmail(Column& column, std::string_view text);
  bool TakeInteger(Column& column, std::string_view text);
  bool TakeDate(Column& column, std::string_view text);
  bool TakeBoolean(Column& column, std::string_view text);
  bool TakeDecimal(Column& column, std::string_view text);
  bool TakeWide(Column& column, std::string_view text);
  bool TakeNumber(Column& column, int64_t number, std::string_view written);
  bool TakeBlank(Column& column);
  bool TakeMistyped(Column& column);  // A text that is no value of its type.
  void AppendNull(Column& column);
  // A value breaks a rule: whether its row stays. In `keeps_value`: whether it does itself.
  bool Breaks(const Column& column, Rule rule, bool& keeps_value);
  std::string_view WriteNumber(const Column& column, __int128 number);  // Good until the next one.
  void Reject(const rows::Row& row, const rows::Position& before);

  StagedFile& file_;
  uint32_t file_index_;
  std::vector<Column> columns_;
  std::vector<Breach> breaches_;  // Of the row at hand.
  ContentText content_;           // What is hashed of the row at hand.
  std::string written_;           // A value that is not written as it stands in the file.
};

// The first half of what content_hash() of functions.h gives for the same texts, then the second.
std::array<uint8_t, 16> HashContent(std::string_view joined);

}  // namespace qlake::engine
