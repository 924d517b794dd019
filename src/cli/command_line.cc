#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <csignal>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"

namespace qlake::cli {
namespace {

constexpr const char* kVersion = "0.1.0";

constexpr const char* kFooter =
    "Flags count before the environment (QLAKE_LAKE, ...), that before qlake.toml. Exit codes: 0 done, 1 failed, 2 wrong input or "
    "use,\n3 done but data was quarantined and --strict was given.\n\n"
    "Examples:\n"
    "  qlake simulate drops --out landing\n"
    "  qlake run --landing landing --lake lake\n"
    "  qlake report top-products --lake lake --limit 5";

std::string_view NameOf(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::kInput:
      return "input";
    case base::ErrorKind::kUnavailable:
      return "unavailable";
    case base::ErrorKind::kCorrupt:
      return "corrupt";
    case base::ErrorKind::kIo:
      break;
  }
  return "io";
}

int Fail(const CommandLine& line, std::string_view kind, const std::string& message, int exit_code) {
  std::cerr << "qlake: " << message << "\n";
  if (line.json) {
    base::Json error = {{"error", {{"kind", kind}, {"message", message}}}};
    std::cout << error.dump(-1, ' ', false, base::Json::error_handler_t::replace) << "\n";
  }
  return exit_code;
}

// The reader of a pipe may have gone, which is its right; a disk that is full is an error.
int Flush(int exit_code) {
  errno = 0;
  std::cout.flush();
  if (std::cout.good() || errno == EPIPE) return exit_code;
  std::cerr << "qlake: the answer could not be written whole: " << std::strerror(errno) << "\n";
  return kExitFailed;
}

int RunCommand(CommandLine& line) {
  try {
    Settings settings = ResolveSettings(line.flags, line.config_file);
    base::LogOptions log;
    log.level = settings.log_level;
    log.file = settings.log_file;
    log.human = settings.log_file.empty() && isatty(STDERR_FILENO) != 0;
    base::StartLog(log);
    Context context{std::move(settings), std::cout, base::SystemClock(), line.json, line.quiet};
    return line.command(context);
  } catch (const base::Error& error) {
    int exit_code = error.kind() == base::ErrorKind::kInput ? kExitWrongUse : kExitFailed;
    return Fail(line, NameOf(error.kind()), error.message(), exit_code);
  } catch (const std::bad_alloc&) {
    return Fail(line, "io", "out of memory: give it more, or lower --memory so that it spills to disk earlier", kExitFailed);
  }
}

}  // namespace

model::Project Context::LoadProject() const {
  return settings.project.empty() ? model::Project::BuiltIn() : model::Project::FromFolder(settings.project);
}

CLI::App& CommandLine::Add(CLI::App& parent, const std::string& name, const std::string& help,
                           const std::vector<std::string>& setting_keys, const std::string& examples) {
  CLI::App& added = *parent.add_subcommand(name, help);
  added.footer("Examples:\n" + examples);
  std::vector<std::string> keys = setting_keys;
  keys.insert(keys.end(), {"log.level", "log.file"});
  for (const auto& definition : SettingDefinitions()) {
    if (std::find(keys.begin(), keys.end(), definition.key) == keys.end()) continue;
    std::string described = definition.help;
    if (!definition.default_value.empty()) described += " [" + definition.default_value + "]";
    added.add_option_function<std::string>(
        definition.flag, [this, key = definition.key](const std::string& value) { flags[key] = value; }, described);
  }
  added.add_option("--config", config_file, "settings file [qlake.toml in the working folder, if there is one]");
  added.add_flag("--json", json, "one JSON object about the run on standard output");
  added.add_flag("--quiet", quiet, "no progress on standard error");
  return added;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  CLI::App app("qlake: hourly drops and events to a lake of Delta tables, a star schema, reports and the B2B dump", "qlake");
  app.set_version_flag("--version", std::string("qlake ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  CommandLine line;
  for (auto add : {AddInit, AddSimulate, AddIngest, AddProcess, AddRun, AddReport, AddDump, AddSql, AddStatus, AddLedger,
                   AddQuarantine, AddConfig}) {
    add(app, line);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return Flush(app.exit(asked));
  } catch (const CLI::ParseError& error) {
    std::string hint = argc > 1 && argv[1][0] != '-' ? std::string("qlake ") + argv[1] + " --help" : "qlake --help";
    return Flush(Fail(line, "input", std::string(error.what()) + " (" + hint + ")", kExitWrongUse));
  }
  return Flush(RunCommand(line));
}

}  // namespace qlake::cli
