#include <CLI/CLI.hpp>

#include "cli/answer.h"

namespace qlake::cli {

void AddLedger(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "ledger", "The account of rows of every file: rows in = loaded + quarantined + duplicate",
               {"project", "lake"}, "  qlake ledger --lake lake\n  qlake ledger --format csv");
  auto options = std::make_shared<AnswerOptions>();
  AddAnswerOptions(command, *options);
  command.callback([&line, options] {
    line.command = [options](Context& context) {
      return AnswerPublished(context,
                             "SELECT data_hour, source, _file_id AS file, rows_in, loaded, quarantined, duplicate, "
                             "rows_in = loaded + quarantined + duplicate AS closes FROM ops.ledger "
                             "QUALIFY row_number() OVER (PARTITION BY step, _file_id ORDER BY to_seq DESC) = 1 ORDER "
                             "BY data_hour, _file_id",
                             *options);
    };
  });
}

}  // namespace qlake::cli
