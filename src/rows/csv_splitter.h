#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rows/stop_scanner.h"

namespace qlake::rows {

// Where a CSV record lies and what is wrong with it, before anyone asks what its fields mean.
struct CsvRecord {
  enum class Flaw { kNone, kUnclosedQuote, kTextAfterQuote };

  size_t begin = 0;
  size_t end = 0;          // Without its line end. With a flaw: of no meaning.
  size_t next = 0;         // After its line end. With a flaw: of no meaning.
  size_t field_count = 0;  // With a flaw: the fields before the one that has it.
  size_t flaw_at = 0;      // The quote that is not closed, or the character after the closing one.
  Flaw flaw = Flaw::kNone;
  bool spans_lines = false;  // A quoted field holds a line feed.
  bool cut_short = false;    // Spans lines and has already too many fields: the rest was not looked at.
};

// Cuts CSV text into the fields of one record after another: RFC 4180, but that a quote is special only at a field's
// start and that lines may end in a line feed alone.
class CsvSplitter {
 public:
  // Keeps at most fields_max fields of a record, and counts the others.
  struct Limits {
    size_t fields_max = 0;
    uint64_t record_bytes_max = 0;  // A quote that is not closed within so many bytes of its record never is.
  };
  CsvSplitter(std::string_view text, char delimiter, Limits limits);

  // The record that starts at the position. REQUIRES: begin is at a line's start and before the text's end.
  CsvRecord Split(size_t begin);

  // Of the record split last. A quoted field's text is what stands between its quotes; its doubled quotes are single
  // ones only after UndoubleQuotes(), which most callers of Split() have no need for. Views live until the next
  // Split().
  std::string_view field(size_t i) const { return fields_[i]; }
  void UndoubleQuotes() {
    if (!doubled_.empty()) CopyUndoubled();
  }

 private:
  // The stop after the quoted field that starts at the position; the field is kept. On a flaw the record tells it.
  size_t SplitQuoted(size_t begin, CsvRecord& record);
  // The quote that closes the field whose text starts at `from`; npos when there is none before the limit.
  size_t FindClosingQuote(size_t from, size_t limit, bool& doubled) const;
  bool IsLineEnd(size_t position) const;
  void Keep(size_t i, std::string_view field);
  void CopyUndoubled();

  std::string_view text_;
  char delimiter_;
  Limits limits_;
  StopScanner scanner_;
  std::vector<std::string_view> fields_;
  std::vector<size_t> doubled_;  // The kept fields that have doubled quotes.
  std::string arena_;            // Their texts with single ones.
};

}  // namespace qlake::rows
