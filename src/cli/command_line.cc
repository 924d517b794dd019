#include "cli/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/standard_output.h"
#include "cli/version.h"
#include "storage/storage.h"

namespace qlake::cli {
namespace {

constexpr const char* kFooter =
    "Flags count before the environment (QLAKE_LAKE, ...), that before qlake.toml. Exit codes: 0 done, 1 failed, 2 "
    "wrong input or "
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

// The message for people; under --json the failure is the answer, too.
int Fail(std::ostream& out, bool json, std::string_view kind, const std::string& message, int exit_code) {
  std::cerr << "qlake: " << message << "\n";
  if (json && out.good()) {
    base::Json error = {{"error", {{"kind", kind}, {"message", message}}}};
    out << error.dump(-1, ' ', false, base::Json::error_handler_t::replace) << "\n";
  }
  return exit_code;
}

bool IsForPeople(const Settings& settings) {
  const std::string& format = settings.Text("log.format");
  if (format != "auto") return format == "human";
  return settings.log_file.empty() && isatty(STDERR_FILENO) != 0;
}

void StartLogOf(const Settings& settings) {
  base::LogOptions log;
  log.level = settings.log_level;
  log.file = settings.log_file;
  log.human = IsForPeople(settings);
  log.rotate_bytes = settings.Bytes("log.rotate_bytes");
  log.files_kept = static_cast<int>(settings.Integer("log.keep"));
  base::StartLog(log);
}

void RequireEngineForLake(const CommandLine& line, const Settings& settings) {
  if (!line.reads_lake || !storage::IsOnHdfs(settings.lake)) return;
  bool is_on_spark = line.computes && settings.all.at("engine").value == "spark";
  if (is_on_spark || (line.runs_on_hdfs && !line.computes)) return;
  if (line.computes) {
    throw base::InputError(
        "on HDFS {} computes on Spark only: give it --engine spark (engine is set to {} by {}), or copy the lake to a "
        "disk (qlake copy --from {} --to DIR)",
        line.command_name, settings.all.at("engine").value, settings.all.at("engine").origin, settings.lake);
  }
  throw base::InputError(
      "{} does not work on HDFS in this version: copy the lake to a disk (qlake copy --from {} --to DIR)",
      line.command_name, settings.lake);
}

int RunCommand(CommandLine& line, std::ostream& out) {
  std::optional<Interrupts> interrupts;
  bool log_is_elsewhere = false;
  try {
    if (line.bare_command) return line.bare_command(out);
    Settings settings = ResolveSettings(line.flags, line.config_file);
    StartLogOf(settings);
    log_is_elsewhere = !settings.log_file.empty();
    RequireEngineForLake(line, settings);
    interrupts.emplace();
    Context context{std::move(settings), out, base::SystemClock(), *interrupts, line.json, line.quiet};
    return line.command(context);
  } catch (const base::Error& error) {
    if (interrupts && interrupts->happened())
      return Fail(out, line.json, "interrupted", "interrupted", kExitInterrupted);
    // On standard error the message stands anyway.
    if (log_is_elsewhere) base::LogError(error.message(), {{"kind", NameOf(error.kind())}});
    int exit_code = error.kind() == base::ErrorKind::kInput ? kExitWrongUse : kExitFailed;
    return Fail(out, line.json, NameOf(error.kind()), error.message(), exit_code);
  } catch (const std::bad_alloc&) {
    return Fail(out, line.json, "io",
                "out of memory: give it more, or lower --memory so that it spills to disk earlier", kExitFailed);
  }
}

// A wrong flag may stand before --json, so the line is asked and not the parser.
bool AsksForJson(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc,
                     [](const char* argument) { return std::string_view(argument) == "--json"; });
}

int ParseAndRun(int argc, char** argv, std::ostream& out) {
  CLI::App app("qlake: hourly drops and events to a lake of Delta tables, a star schema, reports and the B2B dump",
               "qlake");
  app.set_version_flag("--version", std::string("qlake ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  CommandLine line;
  for (auto add :
       {AddInit,       AddSimulate, AddIngest,   AddProcess, AddMaterialize, AddRun,        AddProduce, AddStream,
        AddReplay,     AddDrift,    AddRuns,     AddReport,  AddDump,        AddSql,        AddStatus,  AddLedger,
        AddQuarantine, AddCompact,  AddVacuum,   AddRepair,  AddHistory,     AddRestore,    AddVerify,  AddCopy,
        AddConfig,     AddDoctor,   AddSchedule, AddMetrics, AddServe,       AddCompletion, AddMan}) {
    add(app, line);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked, out, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::string hint = argc > 1 && argv[1][0] != '-' ? std::string("qlake ") + argv[1] + " --help" : "qlake --help";
    return Fail(out, AsksForJson(argc, argv), "input", std::string(error.what()) + " (" + hint + ")", kExitWrongUse);
  }
  return RunCommand(line, out);
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
    if (definition.flag.empty() || std::find(keys.begin(), keys.end(), definition.key) == keys.end()) continue;
    std::string described = definition.help;
    if (!definition.default_value.empty()) described += " [" + definition.default_value + "]";
    added.add_option_function<std::string>(
        definition.flag, [this, key = definition.key](const std::string& value) { flags[key] = value; }, described);
  }
  auto obeys = [&setting_keys](const char* key) {
    return std::find(setting_keys.begin(), setting_keys.end(), key) != setting_keys.end();
  };
  added.parse_complete_callback([this, name, reads_lake = obeys("lake"), runs_on_hdfs = obeys("hdfs.webhdfs"),
                                 computes = obeys("spark.connect")] {
    command_name = name;
    this->reads_lake = reads_lake;
    this->runs_on_hdfs = runs_on_hdfs;
    this->computes = computes;
  });
  added.add_option("--config", config_file, "settings file [qlake.toml in the working folder, if there is one]");
  added.add_flag("--json", json, "one JSON object about the run on standard output");
  added.add_flag("--quiet", quiet, "no progress on standard error");
  return added;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    DescriptorStream out(STDOUT_FILENO);
    int exit_code = ParseAndRun(argc, argv, out);
    if (out.good()) out.flush();  // When it is not, that is why the command failed.
    return exit_code;
  } catch (const ReaderGone&) {
    return kExitDone;
  } catch (const base::Error& error) {
    std::cerr << "qlake: " << error.message() << "\n";
    return kExitFailed;
  }
}

}  // namespace qlake::cli
