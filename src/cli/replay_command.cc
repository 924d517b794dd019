#include <CLI/CLI.hpp>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/open_lake.h"
#include "cli/registry_settings.h"
#include "run/run_id.h"
#include "stream/replay.h"

namespace qlake::cli {
namespace {

int Execute(Context& context, stream::ReplayOptions options) {
  auto project = context.LoadProject();
  if (project.events().size() != 1) {
    throw base::InputError("the project must have one contract of events, events/app_events.toml; it has {}",
                           project.events().size());
  }
  options.registry = RegistryOf(context.settings);
  OpenLake lake(context, IfAbsent::kRefuse);
  lake::Writer writer(*lake, run::NewRunId(context.clock.Now()), context.settings.lease_wait);
  auto report = stream::Replay(writer, project.events().front(), options);
  if (context.json) {
    context.out << base::Json({{"judged", report.judged}, {"replayed", report.replayed}, {"refused", report.refused}})
                       .dump(-1, ' ', false, base::Json::error_handler_t::replace)
                << "\n";
  } else {
    context.out << fmt::format("replay: {} dead letters judged, {} put back\n", report.judged, report.replayed);
  }
  for (const auto& refused : report.refused) std::cerr << "qlake: not put back, " << refused << "\n";
  return report.refused.empty() ? kExitDone : kExitWrongUse;
}

}  // namespace

void AddReplay(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys = {"project", "lake", "memory", "lease_wait"};
  keys.insert(keys.end(), RegistryKeys().begin(), RegistryKeys().end());
  auto& command =
      line.Add(app, "replay",
               "Put corrected dead letters into app_events, each once, under their own topic, partition and "
               "offset",
               keys,
               "  qlake replay --lake lake                       # whatever passes the contract of today\n"
               "  qlake replay --corrected fixed.jsonl           # lines {\"partition\": 0, \"offset\": 17, "
               "\"event\": {...}}");
  auto options = std::make_shared<stream::ReplayOptions>();
  command.add_option("--corrected", options->corrected_file,
                     "a file of JSON lines with the events to put back instead");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
