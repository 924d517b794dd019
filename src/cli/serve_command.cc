#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/context.h"
#include "cli/lake_metrics.h"
#include "cli/open_lake.h"
#include "serve/metrics_server.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::milliseconds kTidyUp{4'500};  // A page that is being made, and clients that linger.

int Execute(Context& context, const std::string& host, int port) {
  OpenLake lake(context, IfAbsent::kRefuse);
  auto project = context.LoadProject();
  serve::MetricsServer server({host, port}, [&] { return MetricsText(context, *lake, project); });
  int bound = server.Bind();
  if (context.json) {
    context.out << base::Json{{"host", host}, {"port", bound}}.dump() << std::endl;
  } else {
    context.out << "serving http://" << host << ":" << bound << "/metrics until Ctrl-C" << std::endl;
  }
  auto stop = [&] {
    lake->Interrupt();
    server.Stop();
  };
  Interrupts::Scope scope(context.interrupts, stop, kTidyUp);
  server.Run();
  return kExitDone;
}

}  // namespace

void AddServe(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "serve", "Answer Prometheus at /metrics until SIGTERM", MetricsKeys(),
                           "  qlake serve --lake lake                    # http://127.0.0.1:9464/metrics\n"
                           "  qlake serve --lake lake --port 0 --json    # a free port, told on standard output\n"
                           "  qlake serve --host 0.0.0.0                 # to other machines: behind a firewall only");
  auto host = std::make_shared<std::string>("127.0.0.1");
  auto port = std::make_shared<int>(9464);
  command.add_option("--host", *host, "address to listen at [127.0.0.1]");
  command.add_option("--port", *port, "port to listen at; 0: one that is free [9464]")->check(CLI::Range(0, 65535));
  command.callback([&line, host, port] {
    line.command = [host, port](Context& context) { return Execute(context, *host, *port); };
  });
}

}  // namespace qlake::cli
