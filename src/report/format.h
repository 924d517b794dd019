#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

// Answers as text. Every format takes any bytes that a cell may hold.
namespace qlake::report {

enum class Format {
  kTable,  // For people at a terminal: aligned columns, long cells cut, control characters written out, NULL as NULL.
  kCsv,    // RFC 4180 with a header, line feeds; NULL is empty, an empty text is "".
  kJson,   // One array of objects, one object a line; cells as engine/result.h says.
  kMarkdown,  // A GitHub table.
  kHtml,      // A whole page with one table.
};
std::optional<Format> ParseFormat(std::string_view name);
std::string_view NameOf(Format format);
const std::vector<Format>& AllFormats();

// Whether people read it, so that a title, a bar or a limit of rows is welcome.
inline bool IsForPeople(Format format) { return format != Format::kCsv && format != Format::kJson; }

// Takes text piece by piece, in order. May throw; then the writer is of no further use.
using TextSink = std::function<void(std::string_view)>;

// Draws a column's values as bars behind the last column. kTable only.
struct BarOptions {
  std::string column;
  size_t width = 24;
};

struct FormatOptions {
  size_t cell_width_max = 60;  // kTable: columns that a cell may take; 0: never cut.
  std::optional<BarOptions> bar;
  std::string title;  // Above the table; kCsv and kJson have no place for one.
};

// Writes one answer: Begin, Write for each row, End. Throws Error{kInput} in Begin when the bar's column is not there.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void Begin(const std::vector<engine::ResultColumn>& columns) = 0;
  virtual void Write(const engine::ResultRow& row) = 0;
  virtual void End() = 0;
};

// Only kTable holds the rows until the end, to know how wide its columns are; the others write each row as it comes.
std::unique_ptr<RowWriter> MakeRowWriter(Format format, TextSink sink, FormatOptions options = {});

std::string FormatResult(const engine::Result& result, Format format, FormatOptions options = {});

}  // namespace qlake::report
