#pragma once

#include <string>
#include <vector>

#include "cli/answer.h"
#include "cli/context.h"
#include "report/report.h"

namespace qlake::cli {

// The project's reports, by name.
std::vector<report::Report> LoadReports(const model::Project& project);

// Answers a report. On a terminal a table has its bar. REQUIRES: the views that it reads are defined
// (run::RequirePublished with its SQL).
void PrintReport(Context& context, lake::Lake& lake, const report::Report& report, const report::DateRange& dates,
                 const AnswerOptions& options);

// The same of an answer that is there already, as a table.
void PrintAnswer(Context& context, const report::Report& report, const engine::Result& answer);

// Throws Error{kInput} that names the flag.
base::Date RequireDate(const std::string& flag, const std::string& text);

}  // namespace qlake::cli
