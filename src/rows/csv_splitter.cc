#include "rows/csv_splitter.h"

#include <algorithm>

namespace qlake::rows {

CsvSplitter::CsvSplitter(std::string_view text, char delimiter, Limits limits)
    : text_(text), delimiter_(delimiter), limits_(limits), scanner_(text, delimiter) {}

CsvRecord CsvSplitter::Split(size_t begin) {
  CsvRecord record;
  record.begin = begin;
  doubled_.clear();
  scanner_.Seek(begin);
  size_t field = begin;
  while (true) {
    size_t stop;
    if (field < text_.size() && text_[field] == '"') {
      stop = SplitQuoted(field, record);
      if (record.flaw != CsvRecord::Flaw::kNone || record.cut_short) return record;
    } else {
      stop = scanner_.Next();
      const std::string_view plain(text_.data() + field, stop - field);
      if (record.field_count < fields_.size()) {
        fields_[record.field_count] = plain;
      } else {
        Keep(record.field_count, plain);
      }
    }
    ++record.field_count;
    if (stop == text_.size() || text_[stop] == '\n') {
      record.end = stop;
      break;
    }
    field = stop + 1;
  }
  record.next = std::min(record.end + 1, text_.size());
  if (record.end > field && text_[record.end - 1] == '\r') {
    --record.end;
    // A quoted last field ends at its quote, so that only a plain one has taken the carriage return in.
    if (text_[field] != '"' && record.field_count <= fields_.size()) fields_[record.field_count - 1].remove_suffix(1);
  }
  return record;
}

size_t CsvSplitter::SplitQuoted(size_t begin, CsvRecord& record) {
  const size_t limit = record.begin + std::min<uint64_t>(text_.size() - record.begin, limits_.record_bytes_max);
  bool doubled = false;
  const size_t closing = FindClosingQuote(begin + 1, limit, doubled);
  if (closing == std::string_view::npos) {
    record.flaw = CsvRecord::Flaw::kUnclosedQuote;
    record.flaw_at = begin;
    return begin;
  }
  const std::string_view field = text_.substr(begin + 1, closing - begin - 1);
  if (field.find('\n') != std::string_view::npos) record.spans_lines = true;
  // Without this a file of a million such records would be read a million times over by the search for a line that
  // fits: each would run on through all the others' quotes.
  if (record.spans_lines && record.field_count >= limits_.fields_max) {
    record.cut_short = true;
    return begin;
  }
  size_t stop = closing + 1;
  if (!IsLineEnd(stop) && text_[stop] != delimiter_) {
    record.flaw = CsvRecord::Flaw::kTextAfterQuote;
    record.flaw_at = stop;
    return begin;
  }
  if (stop < text_.size() && text_[stop] == '\r') ++stop;
  Keep(record.field_count, field);
  if (doubled && record.field_count < limits_.fields_max) doubled_.push_back(record.field_count);
  scanner_.Seek(std::min(stop + 1, text_.size()));
  return stop;
}

size_t CsvSplitter::FindClosingQuote(size_t from, size_t limit, bool& doubled) const {
  const std::string_view searched = text_.substr(0, limit);
  while (true) {
    const size_t quote = searched.find('"', from);
    if (quote == std::string_view::npos) return quote;
    if (quote + 1 == text_.size() || text_[quote + 1] != '"') return quote;
    doubled = true;
    from = quote + 2;
  }
}

bool CsvSplitter::IsLineEnd(size_t position) const {
  const std::string_view rest = text_.substr(position, 2);
  return rest.empty() || rest[0] == '\n' || rest == "\r\n" || rest == "\r";
}

void CsvSplitter::Keep(size_t i, std::string_view field) {
  if (i < fields_.size()) {
    fields_[i] = field;
  } else if (i < limits_.fields_max) {
    fields_.push_back(field);
  }
}

void CsvSplitter::CopyUndoubled() {
  size_t bytes_max = 0;
  for (const size_t i : doubled_) bytes_max += fields_[i].size();
  // Grown before the first copy: growing later would move the texts that fields_ already points to.
  arena_.resize(std::max(arena_.size(), bytes_max));
  char* to = arena_.data();
  for (const size_t i : doubled_) {
    char* const begin = to;
    std::string_view rest = fields_[i];
    while (!rest.empty()) {
      const size_t quote = std::min(rest.find('"'), rest.size());
      const size_t taken = std::min(quote + 1, rest.size());  // With the quote, without its double.
      to += rest.copy(to, taken);
      rest.remove_prefix(std::min(quote + 2, rest.size()));
    }
    fields_[i] = std::string_view(begin, static_cast<size_t>(to - begin));
  }
}

}  // namespace qlake::rows
