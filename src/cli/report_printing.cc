#include "cli/report_printing.h"

#include <unistd.h>

#include "base/error.h"

namespace qlake::cli {

std::vector<report::Report> LoadReports(const model::Project& project) {
  std::vector<report::Report> reports;
  for (const auto& file : project.FilesIn("reports/")) {
    if (report::IsReportFile(file.path, file.text)) reports.push_back(report::ParseReport(file.path, file.text));
  }
  return reports;
}

namespace {

report::FormatOptions FormatOptionsOf(const report::Report& report, report::Format format) {
  report::FormatOptions options;
  // A page needs a heading of its own; in a terminal the command says it all.
  if (format != report::Format::kTable) options.title = report.title;
  bool draws_bar = !report.bar_column.empty() && isatty(STDOUT_FILENO) != 0;
  if (draws_bar) options.bar = report::BarOptions{report.bar_column};
  return options;
}

}  // namespace

void PrintReport(Context& context, lake::Lake& lake, const report::Report& report, const report::DateRange& dates,
                 const AnswerOptions& options) {
  auto format_options = FormatOptionsOf(report, FormatOf(context, options));
  WriteAnswer(context, lake.engine(), report::RenderSql(report, dates), options, format_options);
}

void PrintAnswer(Context& context, const report::Report& report, const engine::Result& answer) {
  constexpr auto kFormat = report::Format::kTable;
  context.out << report::FormatResult(answer, kFormat, FormatOptionsOf(report, kFormat));
}

base::Date RequireDate(const std::string& flag, const std::string& text) {
  auto date = base::ParseDate(text);
  if (!date) throw base::InputError("{} must be a date such as 2023-05-20: {}", flag, text);
  return *date;
}

}  // namespace qlake::cli
