#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/answer.h"
#include "cli/context.h"
#include "report/report.h"

namespace qlake::cli {

// The project's reports, by name.
std::vector<report::Report> LoadReports(const model::Project& project);

// Answers a report from the last publication, or that at `as_of`. On a terminal a table has its bar.
void PrintReport(Context& context, lake::Lake& lake, const model::Project& project, const report::Report& report,
                 const report::DateRange& dates, const AnswerOptions& options, std::optional<base::Timestamp> as_of);

// Throws Error{kInput} that names the flag.
base::Date RequireDate(const std::string& flag, const std::string& text);

}  // namespace qlake::cli
