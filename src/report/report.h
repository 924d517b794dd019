#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "engine/engine.h"
#include "report/format.h"

namespace qlake::report {

// A report of the project: one file reports/<name>.sql.
//
//   -- report: top-products            the file's name
//   -- title: Products by units sold   what people read above the answer
//   -- bar: total_units_sold           column that a terminal may draw as bars; may be left out
//   -- Any other comment lines.
//   SELECT ... WHERE transaction_date BETWEEN $from AND $to ...
//
// $from and $to stand for DATE literals, so the SQL is the same on every engine; a report without them takes no dates.
struct Report {
  std::string name;
  std::string title;
  std::string bar_column;  // May be empty.
  bool takes_dates = false;
  std::string path;  // Names it in messages.
  std::string sql;   // The file's text, its head included, so that lines in an engine's messages are the file's.
};

// Files of reports/ whose head begins with `-- dump:` are queries of the dump, not reports.
bool IsReportFile(std::string_view path, std::string_view text);

// Throws Error{kInput} with file and line when the head is wrong, the SQL is missing or has an unknown placeholder.
Report ParseReport(const std::string& path, std::string_view text);

struct DateRange {
  std::optional<base::Date> from;  // Without it, all dates before count too.
  std::optional<base::Date> to;    // Inclusive.
};

// The SQL to run. Throws Error{kInput} when dates are given to a report that takes none, or from is after to.
std::string RenderSql(const Report& report, const DateRange& dates);

// What came of writing an answer with a limit.
struct WrittenRows {
  int64_t rows = 0;
  bool more = false;  // There were rows beyond the limit.
};

// Streams the answer of one SELECT into the writer, at most `rows_max` rows of it (0: all), and ends it. The views that
// it reads are defined by the caller.
WrittenRows WriteAnswer(engine::Engine& engine, const std::string& sql, int64_t rows_max, RowWriter& writer);

}  // namespace qlake::report
