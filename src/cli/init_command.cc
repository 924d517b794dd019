#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/context.h"
#include "model/project.h"

namespace qlake::cli {

void AddInit(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "init", "Write the built-in project (contracts, models, reports) out, to edit", {},
                           "  qlake init my_project\n  qlake run --project my_project --landing landing --lake lake");
  auto folder = std::make_shared<std::string>("project");
  command.add_option("folder", *folder, "folder to write to [project]; files that exist are left as they are");
  command.callback([&line, folder] {
    line.command = [folder](Context& context) {
      auto written = model::WriteProject(*folder);
      if (context.json) {
        context.out << base::Json({{"folder", *folder}, {"written", written}}).dump() << "\n";
        return kExitDone;
      }
      for (const auto& path : written) context.out << path << "\n";
      if (written.empty()) context.out << "every file of the project exists already in " << *folder << "\n";
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
