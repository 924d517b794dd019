#include <CLI/CLI.hpp>

#include "cli/answer.h"
#include "cli/open_lake.h"

namespace qlake::cli {

void AddDrift(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "drift", "What events have that their contract does not know, and when it came up",
                           {"lake"}, "  qlake drift --lake lake\n  qlake drift --format json");
  auto options = std::make_shared<AnswerOptions>();
  AddAnswerOptions(command, *options);
  command.callback([&line, options] {
    line.command = [options](Context& context) {
      FormatOf(context, *options);
      OpenLake lake(context, IfAbsent::kRefuse);
      lake->Define(lake::DriftSchema(), lake->Load(lake::kOpsDrift));
      // Instances that run side by side may have recorded the same.
      WriteAnswer(context, lake->database(),
                  "SELECT subject AS \"table\", kind, event_type, name, json_type, min(seen_at) AS first_seen, "
                  "arg_min(_topic, seen_at) AS topic, arg_min(_partition, seen_at) AS \"partition\", arg_min(_offset, "
                  "seen_at) AS \"offset\" FROM ops.drift GROUP BY subject, kind, event_type, name, json_type ORDER BY "
                  "first_seen, kind, event_type, name, json_type",
                  *options);
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
