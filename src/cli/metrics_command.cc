#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/context.h"
#include "cli/lake_metrics.h"
#include "cli/open_lake.h"
#include "serve/metrics_text.h"

namespace qlake::cli {
namespace {

int Execute(Context& context) {
  OpenLake lake(context, IfAbsent::kRefuse);
  auto project = context.LoadProject();
  std::string text = MetricsText(context, *lake, project);
  const std::string& file = context.settings.Text("metrics.file");
  if (file.empty()) {
    context.out << text;
    return kExitDone;
  }
  serve::WriteMetricsFile(file, text);
  if (context.json) context.out << base::Json{{"file", file}, {"bytes", text.size()}}.dump() << "\n";
  return kExitDone;
}

}  // namespace

void AddMetrics(CLI::App& app, CommandLine& line) {
  auto keys = MetricsKeys();
  keys.push_back("metrics.file");
  line.Add(app, "metrics", "The state of the lake in numbers for Prometheus, printed or written to metrics.file", keys,
           "  qlake metrics --lake lake\n"
           "  qlake metrics --lake lake --metrics-file /var/lib/node_exporter/qlake.prom")
      .callback([&line] { line.command = [](Context& context) { return Execute(context); }; });
}

}  // namespace qlake::cli
