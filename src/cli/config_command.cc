#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/mask.h"
#include "cli/answer.h"

namespace qlake::cli {
namespace {

std::string Shown(const Setting& setting) {
  return setting.reference ? Describe(*setting.reference) : base::MaskSecrets(setting.value);
}

void PrintJson(Context& context) {
  base::Json settings = base::Json::array();
  for (const auto& definition : SettingDefinitions()) {
    const auto& setting = context.settings.all.at(definition.key);
    settings.push_back({{"key", definition.key},
                        {"value", Shown(setting)},
                        {"origin", setting.origin},
                        {"environment", definition.environment()},
                        {"flag", definition.flag}});
  }
  context.out << settings.dump(2) << "\n";
}

int Execute(Context& context, bool with_origin) {
  if (context.json) {
    PrintJson(context);
    return kExitDone;
  }
  engine::Result rows;
  rows.columns = {{"key", "VARCHAR"}, {"value", "VARCHAR"}};
  if (with_origin) {
    rows.columns.insert(rows.columns.end(), {{"origin", "VARCHAR"}, {"environment", "VARCHAR"}, {"flag", "VARCHAR"}});
  }
  for (const auto& definition : SettingDefinitions()) {
    const auto& setting = context.settings.all.at(definition.key);
    engine::ResultRow row = {definition.key, Shown(setting)};
    if (with_origin) row.insert(row.end(), {setting.origin, definition.environment(), definition.flag});
    rows.rows.push_back(std::move(row));
  }
  WriteRows(context, rows, report::Format::kTable);
  return kExitDone;
}

}  // namespace

void AddConfig(CLI::App& app, CommandLine& line) {
  CLI::App& config = *app.add_subcommand("config", "Settings and where they come from");
  config.require_subcommand(1);
  config.footer("Examples:\n  qlake config show --origin");
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  auto& command = line.Add(config, "show",
                           "Every setting and its value: a flag counts before its variable, that before "
                           "qlake.toml, that before the default",
                           keys, "  qlake config show --origin\n  QLAKE_LAKE=/srv/lake qlake config show --json");
  auto with_origin = std::make_shared<bool>(false);
  command.add_flag("--origin", *with_origin, "also where each comes from, its variable and its flag");
  command.callback([&line, with_origin] {
    line.reads_lake = false;
    line.command = [with_origin](Context& context) { return Execute(context, *with_origin); };
  });
}

}  // namespace qlake::cli
