#pragma once

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "cli/interrupts.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "model/project.h"

namespace CLI {
class App;
}

namespace qlake::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;
inline constexpr int kExitQuarantined = 3;  // Done, but --strict was given and data was quarantined.
inline constexpr int kExitInterrupted = 130;

// What every command has: its settings, the clock, where answers go.
struct Context {
  Settings settings;
  std::ostream& out;
  const base::Clock& clock;
  Interrupts& interrupts;
  bool json = false;
  bool quiet = false;

  model::Project LoadProject() const;
};

// The command line while it is parsed: flags that all commands share, and the command that was chosen.
struct CommandLine {
  std::map<std::string, std::string> flags;  // By setting key, as given.
  std::string config_file;
  bool json = false;
  bool quiet = false;
  std::string command_name;  // Of the chosen one, as this and the next two.
  bool reads_lake = false;
  bool runs_on_hdfs = false;
  bool computes = false;                 // With the engine of the settings, which on HDFS must be Spark.
  std::function<int(Context&)> command;  // Set by its callback.
  // Set instead by those that must work whatever qlake.toml says.
  std::function<int(std::ostream&)> bare_command;

  // Adds a subcommand with the flags of the settings that it obeys, --config, --json, --quiet and an example.
  CLI::App& Add(CLI::App& parent, const std::string& name, const std::string& help,
                const std::vector<std::string>& setting_keys, const std::string& examples);
};

// Each adds one command (src/cli/<name>_command.cc).
void AddInit(CLI::App& app, CommandLine& line);
void AddSimulate(CLI::App& app, CommandLine& line);
void AddIngest(CLI::App& app, CommandLine& line);
void AddProcess(CLI::App& app, CommandLine& line);
void AddMaterialize(CLI::App& app, CommandLine& line);
void AddRun(CLI::App& app, CommandLine& line);
void AddProduce(CLI::App& app, CommandLine& line);
void AddStream(CLI::App& app, CommandLine& line);
void AddReplay(CLI::App& app, CommandLine& line);
void AddDrift(CLI::App& app, CommandLine& line);
void AddReport(CLI::App& app, CommandLine& line);
void AddDump(CLI::App& app, CommandLine& line);
void AddSql(CLI::App& app, CommandLine& line);
void AddStatus(CLI::App& app, CommandLine& line);
void AddLedger(CLI::App& app, CommandLine& line);
void AddQuarantine(CLI::App& app, CommandLine& line);
void AddCompact(CLI::App& app, CommandLine& line);
void AddVacuum(CLI::App& app, CommandLine& line);
void AddHistory(CLI::App& app, CommandLine& line);
void AddRestore(CLI::App& app, CommandLine& line);
void AddVerify(CLI::App& app, CommandLine& line);
void AddCopy(CLI::App& app, CommandLine& line);
void AddRepair(CLI::App& app, CommandLine& line);
void AddConfig(CLI::App& app, CommandLine& line);
void AddRuns(CLI::App& app, CommandLine& line);
void AddDoctor(CLI::App& app, CommandLine& line);
void AddCompletion(CLI::App& app, CommandLine& line);
void AddMan(CLI::App& app, CommandLine& line);
void AddSchedule(CLI::App& app, CommandLine& line);
void AddMetrics(CLI::App& app, CommandLine& line);
void AddServe(CLI::App& app, CommandLine& line);

}  // namespace qlake::cli
