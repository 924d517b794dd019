#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/table_names.h"
#include "delta/history.h"

namespace qlake::cli {
namespace {

constexpr int64_t kVersionsShown = 20;

struct Options {
  std::string table;
  std::string format = "table";
  int64_t limit = kVersionsShown;
};

int Execute(Context& context, const Options& options) {
  AnswerOptions answer;
  answer.format = options.format;
  auto format = FormatOf(context, answer);
  if (options.limit < 0) throw base::InputError("--limit must be 0 (all) or more: {}", options.limit);
  OpenLake lake(context, IfAbsent::kRefuse);
  std::string table = ResolveTable(*lake, options.table);
  engine::Result rows;
  rows.columns = {{"version", "BIGINT", true, true},
                  {"time", "TIMESTAMP WITH TIME ZONE"},
                  {"operation", "VARCHAR"},
                  {"metrics", "JSON", false},
                  {"run_id", "VARCHAR"},
                  {"writer", "VARCHAR"}};
  for (const auto& entry :
       delta::ReadHistory(lake->storage(), lake::TablePath(table), static_cast<size_t>(options.limit))) {
    auto text = [](const std::string& value) { return value.empty() ? engine::ResultCell() : value; };
    rows.rows.push_back({std::to_string(entry.version), base::FormatTimestamp({entry.timestamp_ms * 1000}),
                         text(entry.operation), entry.metrics.dump(), text(entry.run_id), text(entry.engine)});
  }
  WriteRows(context, rows, format);
  return kExitDone;
}

}  // namespace

void AddHistory(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(
      app, "history", "Versions of one table, newest first: when, by what and by which run", WithHdfsKeys({"lake"}),
      "  qlake history sales_transactions_fact --limit 5\n  qlake history ops.ledger --format json");
  auto options = std::make_shared<Options>();
  command.add_option("table", options->table, "layer.table, or table while that is unique")->required();
  command.add_option("--limit", options->limit, "at most so many; 0: all [20]");
  command.add_option("--format", options->format, "table, csv, json, markdown or html [table]");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
