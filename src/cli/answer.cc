#include "cli/answer.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/error.h"
#include "cli/open_lake.h"
#include "report/report.h"

namespace qlake::cli {
namespace {

constexpr int64_t kRowsForPeople = 1000;

report::TextSink SinkTo(std::ostream& out) {
  return [&out](std::string_view text) { out << text; };
}

}  // namespace

void AddAnswerOptions(CLI::App& command, AnswerOptions& options) {
  command.add_option("--format", options.format, "table, csv, json, markdown or html [table]");
  command.add_option("--limit", options.limit, "at most so many rows; 0: all [1000; csv and json: all]");
}

report::Format FormatOf(const Context& context, const AnswerOptions& options) {
  if (context.json) return report::Format::kJson;
  auto format = report::ParseFormat(options.format);
  if (!format) throw base::InputError("--format must be table, csv, json, markdown or html: {}", options.format);
  return *format;
}

void WriteAnswer(Context& context, engine::Engine& engine, const std::string& sql, const AnswerOptions& options,
                 const report::FormatOptions& format_options) {
  auto format = FormatOf(context, options);
  int64_t limit = options.limit >= 0 ? options.limit : report::IsForPeople(format) ? kRowsForPeople : 0;
  auto writer = report::MakeRowWriter(format, SinkTo(context.out), format_options);
  auto written = report::WriteAnswer(engine, sql, limit, *writer);
  if (written.more && options.limit < 0 && !context.quiet) {
    std::cerr << "qlake: only the first " << limit << " rows are shown: --limit 0 shows all\n";
  }
}

void WriteRows(Context& context, const engine::Result& rows, report::Format format) {
  report::FormatOptions options;
  options.cell_width_max = 0;
  context.out << report::FormatResult(rows, format, options);
}

int AnswerPublished(Context& context, const std::string& sql, const AnswerOptions& options) {
  FormatOf(context, options);
  OpenLake lake(context, IfAbsent::kRefuse, ComputesOn::kEngineOfSettings);
  auto project = context.LoadProject();
  run::RequirePublished(*lake, lake->engine(), project, std::nullopt, sql);
  WriteAnswer(context, lake->engine(), sql, options);
  return kExitDone;
}

}  // namespace qlake::cli
