#include "rows/csv_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "rows/column_names.h"
#include "rows/json_text.h"
#include "rows/line_count.h"

namespace qlake::rows {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

char CheckedDelimiter(char delimiter) {
  constexpr std::string_view kImpossible("\"\r\n\0", 4);
  if (kImpossible.find(delimiter) == std::string_view::npos) return delimiter;
  throw base::InputError("a delimiter cannot be a quote, a line end or NUL: choose another");
}

std::string_view WithoutLineEnd(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

CsvParser::CsvParser(std::string_view bytes, const RowShape& shape)
    : bytes_(bytes),
      delimiter_(CheckedDelimiter(shape.delimiter)),
      column_count_(shape.columns.size()),
      record_bytes_max_(shape.record_bytes_max),
      splitter_(bytes, delimiter_, {std::numeric_limits<size_t>::max(), record_bytes_max_}),
      text_check_(bytes) {
  ReadHeader(shape);
}

void CsvParser::ReadHeader(const RowShape& shape) {
  if (bytes_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
  SkipBlankLines();
  if (position_ == bytes_.size()) return;
  // Looked at before it is split: the first line of a file that is no CSV may be all of it, and full of delimiters.
  if (WithoutLineEnd(bytes_.substr(position_, NextLine(position_) - position_)).size() > record_bytes_max_) {
    return RefuseFile(fmt::format("the file has no header: its first line is longer than {} bytes", record_bytes_max_));
  }
  const CsvRecord record = splitter_.Split(position_);
  binding_ = Header(record, shape);
  if (!binding_.error.empty()) return RefuseFile(binding_.error);
  header_ = bytes_.substr(record.begin, record.end - record.begin);
  for (const CsvHeader::UnknownColumn& column : binding_.unknown) unknown_columns_.push_back(column.name);
  line_ += CountLineFeeds(bytes_.substr(record.begin, record.next - record.begin));
  position_ = record.next;
  splitter_ = CsvSplitter(bytes_, delimiter_, {binding_.names.size(), record_bytes_max_});
}

void CsvParser::RefuseFile(std::string why) {
  file_error_ = std::move(why);
  position_ = 0;
}

CsvHeader CsvParser::Header(const CsvRecord& record, const RowShape& shape) {
  CsvHeader unusable;
  if (record.flaw != CsvRecord::Flaw::kNone) {
    unusable.error = fmt::format("the file has no header: in its first line {}", WhyMisfit(record));
    return unusable;
  }
  const std::string why_not_text = WhyNotText(bytes_.substr(record.begin, record.end - record.begin));
  if (!why_not_text.empty()) {
    unusable.error = fmt::format("the file has no header: its first line {}", why_not_text);
    return unusable;
  }
  splitter_.UndoubleQuotes();
  std::vector<std::string> names;
  for (size_t i = 0; i < record.field_count; ++i) names.emplace_back(TrimBlanks(splitter_.field(i)));
  return BindHeader(names, shape);
}

bool CsvParser::Next(Row& row) {
  if (!file_error_.empty()) return GiveWholeFile(row);
  SkipBlankLines();
  if (position_ == bytes_.size()) return false;
  const CsvRecord record = splitter_.Split(position_);
  row.line = line_;
  row.rescued.clear();
  row.error.clear();
  if (Fits(record)) {
    GiveGood(record, row);
  } else {
    GiveMisfit(record, row);
  }
  if (!text_check_.Covers(record.begin, record.begin + row.record.size())) {
    const std::string why_not_text = WhyNotText(row.record);
    if (!why_not_text.empty()) Reject(row, column_count_, why_not_text);
  }
  return true;
}

int64_t CsvParser::CountRest() {
  if (!file_error_.empty()) return std::exchange(position_, bytes_.size()) == 0 ? 1 : 0;
  int64_t rows = 0;
  while (true) {
    // Without a quoted field a line is a record, whatever else is wrong with it.
    const size_t quoted = FindLineOfQuotedField();
    rows += CountFilledLines(bytes_.substr(position_, quoted - position_));
    position_ = quoted;
    if (position_ == bytes_.size()) return rows;
    const CsvRecord record = splitter_.Split(position_);
    position_ = Fits(record) ? record.next : EndOfMisfit(record);
    ++rows;
  }
}

void CsvParser::Seek(const Position& position) {
  RowParser::Seek(position);
  text_check_.Seek(position.offset);
}

void CsvParser::SkipBlankLines() {
  while (const size_t blank = BlankLineBytes(position_)) {
    position_ += blank;
    ++line_;
  }
}

size_t CsvParser::BlankLineBytes(size_t position) const {
  if (position == bytes_.size()) return 0;
  if (bytes_[position] == '\n') return 1;
  if (bytes_[position] != '\r') return 0;
  if (position + 1 == bytes_.size()) return 1;
  return bytes_[position + 1] == '\n' ? 2 : 0;
}

size_t CsvParser::NextLine(size_t position) const {
  return std::min(bytes_.find('\n', position), bytes_.size() - 1) + 1;
}

bool CsvParser::Fits(const CsvRecord& record) const {
  return record.flaw == CsvRecord::Flaw::kNone && !record.cut_short && binding_.FitsCount(record.field_count) &&
         record.end - record.begin <= record_bytes_max_;
}

// A misfit that has ended with its first line is that line. Otherwise an opening quote may have swallowed good lines:
// the misfit ends before the first one that fits when it is read by itself. Each line is tried at most once, since the
// next record starts with the line found.
size_t CsvParser::EndOfMisfit(const CsvRecord& record) {
  size_t next = NextLine(record.begin);
  if (!record.spans_lines && record.flaw != CsvRecord::Flaw::kUnclosedQuote) return next;
  while (next < bytes_.size() && (BlankLineBytes(next) != 0 || !Fits(splitter_.Split(next)))) next = NextLine(next);
  return next;
}

size_t CsvParser::FindLineOfQuotedField() const {
  size_t quote = bytes_.find('"', position_);
  while (quote != std::string_view::npos) {
    const bool starts_line = quote == position_ || bytes_[quote - 1] == '\n';
    if (starts_line) return quote;
    if (bytes_[quote - 1] == delimiter_) {
      // npos + 1 is 0: the quote is in the file's first line. That is the header's or before position_.
      return std::max(bytes_.rfind('\n', quote) + 1, position_);
    }
    quote = bytes_.find('"', quote + 1);
  }
  return bytes_.size();
}

bool CsvParser::GiveWholeFile(Row& row) {
  if (position_ == bytes_.size()) return false;
  row = Row{.line = 1, .record = bytes_, .cells = {}, .rescued = {}, .error = {}};
  Reject(row, column_count_, file_error_);
  position_ = bytes_.size();
  return true;
}

const std::vector<size_t>& CsvParser::FieldsOfColumns(size_t field_count) {
  if (fields_of_columns_.size() <= field_count) fields_of_columns_.resize(field_count + 1);
  std::vector<size_t>& fields = fields_of_columns_[field_count];
  if (fields.empty()) {
    for (const size_t field : binding_.field_of_column) {
      fields.push_back(field == CsvHeader::kNoField ? field : binding_.PositionIn(field, field_count));
    }
  }
  return fields;
}

void CsvParser::GiveGood(const CsvRecord& record, Row& row) {
  splitter_.UndoubleQuotes();
  row.record = bytes_.substr(record.begin, record.end - record.begin);
  row.cells.resize(column_count_);
  const std::vector<size_t>& fields = FieldsOfColumns(record.field_count);
  for (size_t i = 0; i < column_count_; ++i) {
    row.cells[i] = fields[i] == CsvHeader::kNoField ? Cell{} : Cell{splitter_.field(fields[i]), true};
  }
  for (const CsvHeader::UnknownColumn& column : binding_.unknown) {
    const size_t position = binding_.PositionIn(column.field, record.field_count);
    if (position != CsvHeader::kNoField) AddJsonMember(row.rescued, column.name, splitter_.field(position));
  }
  position_ = record.next;
  line_ += record.spans_lines ? CountLineFeeds(bytes_.substr(record.begin, record.next - record.begin)) : 1;
}

void CsvParser::GiveMisfit(const CsvRecord& record, Row& row) {
  const size_t end = EndOfMisfit(record);
  const std::string_view lines = bytes_.substr(record.begin, end - record.begin);
  row.record = WithoutLineEnd(lines);
  Reject(row, column_count_, WhyMisfit(record));
  position_ = end;
  line_ += CountLineFeeds(lines);
}

// REQUIRES: line_ is still the record's.
std::string CsvParser::WhyMisfit(const CsvRecord& record) const {
  const auto flaw_line = [&] {
    return line_ + CountLineFeeds(bytes_.substr(record.begin, record.flaw_at - record.begin));
  };
  switch (record.flaw) {
    case CsvRecord::Flaw::kUnclosedQuote:
      return fmt::format("a quote opened at line {} in {} is not closed", flaw_line(), FieldName(record.field_count));
    case CsvRecord::Flaw::kTextAfterQuote:
      return fmt::format("a character follows a closing quote at line {} in {}", flaw_line(),
                         FieldName(record.field_count));
    case CsvRecord::Flaw::kNone:
      break;
  }
  const size_t named = binding_.names.size();
  if (record.cut_short) return fmt::format("has more than {0} fields over several lines, the header names {0}", named);
  if (!binding_.FitsCount(record.field_count)) {
    return fmt::format("has {} fields, the header names {}", record.field_count, named);
  }
  return fmt::format("is {} bytes long, at most {} are read", record.end - record.begin, record_bytes_max_);
}

std::string CsvParser::FieldName(size_t field) const {
  if (field >= binding_.names.size()) return fmt::format("field {}", field + 1);
  return fmt::format("field {} ({})", field + 1, binding_.names[field]);
}

}  // namespace qlake::rows
