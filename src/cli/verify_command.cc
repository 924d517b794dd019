#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/hdfs_settings.h"
#include "cli/maintenance_options.h"
#include "cli/quantity.h"
#include "cli/table_names.h"

namespace qlake::cli {
namespace {

struct Options {
  std::vector<std::string> tables;
  bool checksum = false;
};

void PrintJson(Context& context, const maintain::VerifyReport& report) {
  base::Json findings = base::Json::array();
  for (const auto& finding : report.findings) {
    findings.push_back({{"place", finding.place}, {"message", finding.message}});
  }
  base::Json json = {{"tables", report.tables},
                     {"files", report.files},
                     {"rows", report.rows},
                     {"received_files", report.received_files},
                     {"findings", findings}};
  context.out << json.dump(-1, ' ', false, base::Json::error_handler_t::replace) << "\n";
}

void Print(Context& context, const maintain::VerifyReport& report) {
  for (const auto& finding : report.findings) context.out << finding.place << ": " << finding.message << "\n";
  context.out << FormatCount(report.tables) << " tables, " << FormatCount(report.files) << " files, "
              << FormatCount(report.rows) << " rows, " << FormatCount(report.received_files) << " received files: "
              << (report.findings.empty() ? std::string("all is as it says")
                                          : FormatCount(static_cast<int64_t>(report.findings.size())) + " findings")
              << "\n";
}

int Execute(Context& context, const Options& options) {
  MaintainedLake lake(context);
  maintain::VerifyOptions verify;
  verify.tables = ResolveTables(lake.lake(), options.tables);
  verify.facts = run::FactsToVerify(lake.project());
  verify.whole_lake = options.tables.empty();
  verify.contents = options.checksum;
  verify.on_stage = lake.on_stage();
  auto report = maintain::Verify(lake.lake(), verify);
  lake.EndProgress();
  context.json ? PrintJson(context, report) : Print(context, report);
  return report.findings.empty() ? kExitDone : kExitFailed;
}

}  // namespace

void AddVerify(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(
      app, "verify",
      "Hold the lake against what it says of itself: files, sizes, rows, ledger, key index; 1 on findings",
      WithHdfsKeys({"project", "lake", "memory"}),
      "  qlake verify --lake lake\n  qlake verify --checksum     # reads every value and every received byte, too\n"
      "  qlake verify sales_transactions_fact --json");
  auto options = std::make_shared<Options>();
  command.add_option("tables", options->tables, "tables to verify [all, the ledger and the received files]");
  command.add_flag("--checksum", options->checksum, "read all contents and the SHA-256 of received files");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
