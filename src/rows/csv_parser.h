#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rows/csv_header.h"
#include "rows/csv_splitter.h"
#include "rows/row_parser.h"
#include "rows/text_check.h"

namespace qlake::rows {

// One CSV file. Each Next() finds a record (CsvSplitter), judges whether it fits the header, and binds its fields to
// the shape's columns. A record that does not fit becomes one bad row; EndOfMisfit() says how far that reaches.
class CsvParser final : public RowParser {
 public:
  // Throws Error{kInput} when the shape's delimiter cannot be one.
  CsvParser(std::string_view bytes, const RowShape& shape);

  bool Next(Row& row) override;
  int64_t CountRest() override;
  void Seek(const Position& position) override;

 private:
  void ReadHeader(const RowShape& shape);
  void RefuseFile(std::string why);  // The whole file is one bad row.
  // Reads the names from the record that was split last; the result's error says why they are none.
  CsvHeader Header(const CsvRecord& record, const RowShape& shape);

  void SkipBlankLines();
  size_t BlankLineBytes(size_t position) const;  // With its line end; 0 when the line is not blank.
  size_t NextLine(size_t position) const;        // The start of the line after the one that the position is in.

  bool Fits(const CsvRecord& record) const;
  size_t EndOfMisfit(const CsvRecord& record);
  size_t FindLineOfQuotedField() const;  // The next line in which a field is quoted; the file's size without one.

  bool GiveWholeFile(Row& row);
  // Per column of the shape: which field it is in a record of so many fields; kNoField when there is none.
  const std::vector<size_t>& FieldsOfColumns(size_t field_count);
  void GiveGood(const CsvRecord& record, Row& row);
  void GiveMisfit(const CsvRecord& record, Row& row);
  std::string WhyMisfit(const CsvRecord& record) const;
  std::string FieldName(size_t field) const;

  std::string_view bytes_;
  char delimiter_;
  size_t column_count_;
  uint64_t record_bytes_max_;
  CsvSplitter splitter_;
  TextCheck text_check_;
  CsvHeader binding_;
  std::vector<std::vector<size_t>> fields_of_columns_;  // By field count; empty until there is a record of so many.
  std::string file_error_;                              // Not empty: the whole file is one bad row.
};

}  // namespace qlake::rows
