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

void PrintReport(Context& context, lake::Lake& lake, const report::Report& report, const report::DateRange& dates,
                 const AnswerOptions& options) {
  report::Format format = FormatOf(context, options);
  std::string sql = report::RenderSql(report, dates);
  report::FormatOptions format_options;
  // A page needs a heading of its own; in a terminal the command says it all.
  if (format != report::Format::kTable) format_options.title = report.title;
  bool draws_bar = !report.bar_column.empty() && isatty(STDOUT_FILENO) != 0;
  if (draws_bar) format_options.bar = report::BarOptions{report.bar_column};
  WriteAnswer(context, lake.engine(), sql, options, format_options);
}

base::Date RequireDate(const std::string& flag, const std::string& text) {
  auto date = base::ParseDate(text);
  if (!date) throw base::InputError("{} must be a date such as 2023-05-20: {}", flag, text);
  return *date;
}

}  // namespace qlake::cli
