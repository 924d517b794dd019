#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Bytes of a drop -> rows of text columns with line and bytes. No engine, no types, no retail word.
namespace qlake::rows {

class RowParser;

enum class FileFormat { kCsv, kJsonLines };

struct ColumnBinding {
  std::string name;
  std::vector<std::string> aliases;  // Other names that a header may use for it.
  bool key = false;                  // A header that lacks a key column is not this source's.
};

// How the rows of a source look, from its contract.
struct RowShape {
  FileFormat format = FileFormat::kCsv;
  char delimiter = ',';
  std::vector<ColumnBinding> columns;
  // Columns that a row may leave out when they are the header's last, or stand right before unknown ones at its end.
  std::vector<std::string> optional_trailing;
  uint64_t record_bytes_max = 1 << 20;  // A quoted field that runs longer is taken for an unclosed quote.
};

// A cell of a row. Views point into the file's bytes or the reader's arena and live until the next Next().
struct Cell {
  std::string_view text;
  bool present = false;  // False: the row has no such field (NULL); an empty field is present.
};

struct Row {
  int64_t line = 0;         // 1-based line of the file where the record starts.
  std::string_view record;  // The record's bytes as they stand in the file, without its line end.
  // One per RowShape::columns. All absent when `error` is not empty.
  std::vector<Cell> cells;
  // Columns that the shape does not know, as a JSON object of texts in header order; empty when there are none.
  std::string rescued;
  // Why the record is none of this shape, for people: "has 22 fields, the header names 21", "a quote opened at line 5
  // is not closed", "is not UTF-8 at byte 17", "the file has no header ...". Empty: a good row.
  std::string error;
};

// A place between two rows of a file.
struct Position {
  uint64_t offset = 0;  // In bytes; blank lines may stand between it and the next record.
  int64_t line = 1;     // The line that starts there, 1-based.
};

// Reads one file. Every byte of the file is in the header, in exactly one Row, or in a blank line.
//
// CSV: RFC 4180 with LF or CRLF, a BOM skipped, columns bound by header name (aliases, any order, blanks around a name
// ignored, case ignored), a quote special only at a field's start. A record that does not fit the shape is one bad row;
// after an unclosed quote, or a record over several lines that does not fit, the bad row is the text from its line to
// before the next line that fits the shape by itself (which may span lines itself). All reasons of a bad row are given.
// A record that is no UTF-8, has a NUL or is longer than record_bytes_max is bad too. A file whose header binds not all
// key columns, or is no text, is one bad row of all its bytes. Empty and header-only files have no rows. Blank lines
// are not rows. JSON lines: one object a line, keys bound by name and alias; a string's value, else the JSON text
// (true, 12.50, null is absent); a duplicate key, a line that is no object or no JSON is one bad row. Blank lines are
// not rows.
//
// Cells and errors: an error names lines, fields and columns, never a value of the row.
class Reader {
 public:
  // `bytes` must outlive the reader; the shape is copied where needed. Reads the header at once. Throws Error{kInput}
  // when the shape's delimiter is a quote, a line end or NUL.
  Reader(std::string_view bytes, const RowShape& shape);
  ~Reader();
  Reader(Reader&&) noexcept;

  // False at the end of the file.
  bool Next(Row& row);

  const std::string& header() const;  // The header line as it stands in the file; empty for JSON lines.
  // Header names bound to no column, in order. Known after construction for CSV, after the last row for JSON lines.
  const std::vector<std::string>& unknown_columns() const;
  // Where the next row is looked for: how far the reader has come, and what a reader of the same file can Seek().
  Position position() const;
  void Seek(const Position& position);  // REQUIRES: another reader of the file was there; forwards only.

 private:
  std::unique_ptr<RowParser> parser_;
};

// How many rows Next() would give, at the least cost.
int64_t CountRows(std::string_view bytes, const RowShape& shape);

}  // namespace qlake::rows
