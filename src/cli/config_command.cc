#include <CLI/CLI.hpp>

#include "cli/answer.h"

namespace qlake::cli {

void AddConfig(CLI::App& app, CommandLine& line) {
  CLI::App& config = *app.add_subcommand("config", "Settings and where they come from");
  config.require_subcommand(1);
  config.footer("Examples:\n  qlake config show");
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  auto& command = line.Add(config, "show", "Every setting, its value and its origin", keys,
                           "  qlake config show\n  QLAKE_LAKE=/srv/lake qlake config show --json");
  command.callback([&line] {
    line.command = [](Context& context) {
      engine::Result result;
      result.columns = {{"key", "VARCHAR"},
                        {"value", "VARCHAR"},
                        {"origin", "VARCHAR"},
                        {"environment", "VARCHAR"},
                        {"flag", "VARCHAR"}};
      for (const auto& definition : SettingDefinitions()) {
        const auto& setting = context.settings.all.at(definition.key);
        std::string shown = setting.reference ? Describe(*setting.reference) : setting.value;
        result.rows.push_back({definition.key, shown, setting.origin, definition.environment, definition.flag});
      }
      WriteRows(context, result, context.json ? report::Format::kJson : report::Format::kTable);
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
