#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/as_of.h"
#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/report_printing.h"
#include "run/published.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string name;
  AnswerOptions answer;
  std::string from;
  std::string to;
  std::string as_of;
  bool list = false;
};

int List(Context& context, const std::vector<report::Report>& reports) {
  engine::Result result;
  result.columns = {{"report", "VARCHAR"}, {"title", "VARCHAR"}};
  for (const auto& definition : reports) result.rows.push_back({definition.name, definition.title});
  WriteRows(context, result, context.json ? report::Format::kJson : report::Format::kTable);
  return kExitDone;
}

int Execute(Context& context, const Options& options) {
  auto project = context.LoadProject();
  auto reports = LoadReports(project);
  if (options.list) return List(context, reports);
  if (options.name.empty()) throw base::InputError("name a report, or ask for all names: qlake report --list");
  report::DateRange dates;
  if (!options.from.empty()) dates.from = RequireDate("--from", options.from);
  if (!options.to.empty()) dates.to = RequireDate("--to", options.to);
  std::vector<std::string> names;
  for (const auto& definition : reports) {
    names.push_back(definition.name);
    if (definition.name != options.name) continue;
    OpenLake lake(context, IfAbsent::kRefuse, ComputesOn::kEngineOfSettings);
    run::RequirePublished(*lake, lake->engine(), project, ParseAsOfTime("--as-of", options.as_of),
                          report::RenderSql(definition, dates));
    PrintReport(context, *lake, definition, dates, options.answer);
    return kExitDone;
  }
  throw base::InputError("there is no report of that name, there are {}: {}", fmt::join(names, ", "), options.name);
}

}  // namespace

void AddReport(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "report", "Answer a report of the project from the last publication",
                           WithEngineKeys(WithHdfsKeys({"project", "lake", "memory"})),
                           "  qlake report --list\n  qlake report top-products --limit 5\n"
                           "  qlake report lowest-online-cities --from 2023-01-01 --to 2023-03-31 --format csv\n"
                           "  qlake report top-products --engine spark --spark-connect sc://127.0.0.1:15002");
  auto options = std::make_shared<Options>();
  command.add_option("name", options->name, "the report's name");
  command.add_flag("--list", options->list, "list all reports");
  AddAnswerOptions(command, options->answer);
  command.add_option("--from", options->from, "first transaction date");
  command.add_option("--to", options->to, "last transaction date");
  command.add_option("--as-of", options->as_of, "as the lake was published at that time (UTC)");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
