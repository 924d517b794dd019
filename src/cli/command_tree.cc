#include "cli/command_tree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/setting_definitions.h"
#include "report/format.h"

namespace qlake::cli {
namespace {

// Values of flags that are no settings, by the flag's name.
std::vector<std::string> ValuesOf(const std::string& flag) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.flag == flag) return definition.type.values;
  }
  std::vector<std::string> values;
  if (flag == "--format") {
    for (auto format : report::AllFormats()) values.emplace_back(report::NameOf(format));
  }
  return values;
}

ArgumentDescription Describe(const CLI::Option& option) {
  ArgumentDescription argument;
  if (!option.get_snames().empty()) argument.short_name = "-" + option.get_snames().front();
  argument.name = option.get_lnames().empty() ? option.get_name(true) : "--" + option.get_lnames().front();
  argument.help = option.get_description();
  argument.takes_value = option.get_items_expected_max() > 0;
  argument.is_required = option.get_required();
  argument.is_repeated = option.get_items_expected_max() > 1;
  argument.values = ValuesOf(argument.name);
  return argument;
}

CommandDescription Describe(const CLI::App& app, std::vector<std::string> path) {
  CommandDescription command;
  path.push_back(app.get_name());
  command.path = std::move(path);
  command.help = app.get_description();
  command.footer = app.get_footer();
  command.needs_command = app.get_require_subcommand_min() > 0;
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? command.arguments : command.flags).push_back(Describe(*option));
  }
  // One without a name is a group of the command's own flags, which get_options() has named.
  for (const CLI::App* below : app.get_subcommands([](const CLI::App* any) { return !any->get_name().empty(); })) {
    command.commands.push_back(Describe(*below, command.path));
  }
  return command;
}

void Collect(const CommandDescription& command, std::vector<const CommandDescription*>& all) {
  all.push_back(&command);
  for (const auto& below : command.commands) Collect(below, all);
}

}  // namespace

std::string CommandDescription::Joined(const std::string& between) const {
  return fmt::format("{}", fmt::join(path, between));
}

CommandDescription DescribeCommands(const CLI::App& app) { return Describe(app, {}); }

std::vector<const CommandDescription*> AllCommands(const CommandDescription& root) {
  std::vector<const CommandDescription*> all;
  Collect(root, all);
  return all;
}

}  // namespace qlake::cli
