#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace qlake::cli {

// A flag or an argument without one, as the manual and completion show it.
struct ArgumentDescription {
  std::string name;        // --lake; of an argument without a flag its name, tables
  std::string short_name;  // -h; empty: none.
  std::string help;
  bool takes_value = false;
  bool is_required = false;
  bool is_repeated = false;
  std::vector<std::string> values;  // All that it takes, when they are few.
};

// A command as it is defined, without what the parser needs of it.
struct CommandDescription {
  std::vector<std::string> path;  // {"qlake", "runs", "show"}
  std::string help;
  std::string footer;  // Examples, as --help shows them.
  std::vector<ArgumentDescription> flags;
  std::vector<ArgumentDescription> arguments;
  std::vector<CommandDescription> commands;  // Below it.
  bool needs_command = false;

  std::string Joined(const std::string& between) const;  // "qlake runs show", "qlake-runs-show"
};

CommandDescription DescribeCommands(const CLI::App& app);

// The command and all below it, each before those that are below it.
std::vector<const CommandDescription*> AllCommands(const CommandDescription& root);

}  // namespace qlake::cli
