#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"

namespace qlake::cli {

void AddQuarantine(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "quarantine", "Rows that broke their contract: where they stood and all the reasons",
               WithEngineKeys(WithHdfsKeys({"project", "lake"})),
               "  qlake quarantine --lake lake\n  qlake quarantine sales_transactions --limit 20 --format json");
  auto options = std::make_shared<AnswerOptions>();
  auto source = std::make_shared<std::string>();
  command.add_option("source", *source, "only this source [all]");
  AddAnswerOptions(command, *options);
  command.callback([&line, options, source] {
    line.computes = false;  // Few rows: either engine answers for a lake anywhere.
    line.command = [options, source](Context& context) {
      auto project = context.LoadProject();
      std::vector<std::string> names;
      for (const auto& contract : project.contracts()) names.push_back(contract.name);
      if (!source->empty() && std::find(names.begin(), names.end(), *source) == names.end()) {
        throw base::InputError("there is no source of that name, there are {}: {}", fmt::join(names, ", "), *source);
      }
      std::string sql;
      for (const auto& name : names) {
        if (!source->empty() && name != *source) continue;
        // The row itself may be personal: it is in quarantine.<source>, for those who may read it.
        sql += (sql.empty() ? "" : " UNION ALL ");
        sql += fmt::format(
            "SELECT data_hour, '{0}' AS source, _file_id AS file, _line AS line, key, kind, reasons FROM "
            "quarantine.{0}",
            name);
      }
      return AnswerPublished(context, sql + " ORDER BY data_hour, file, line", *options);
    };
  });
}

}  // namespace qlake::cli
