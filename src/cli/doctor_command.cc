#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/engine_comparison.h"
#include "cli/lake_checks.h"
#include "cli/machine_checks.h"
#include "cli/open_lake.h"
#include "cli/server_checks.h"

namespace qlake::cli {
namespace {

using Severity = Finding::Severity;

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kFine:
      return "ok";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

void ExamineLake(const Settings& settings, std::ostream& out, Findings& findings) {
  if (!storage::IsOnHdfs(settings.lake) && !std::filesystem::exists(settings.lake)) {
    AddWarning(findings, "lake", "there is no lake yet: " + settings.lake, "qlake run makes it");
    return;
  }
  try {
    Interrupts interrupts;
    Context context{settings, out, base::SystemClock(), interrupts};
    OpenLake lake(context, IfAbsent::kRefuse);
    CheckLake(*lake, findings);
  } catch (const base::Error& error) {
    AddError(findings, "lake", error.message(), "qlake verify says more about a lake that is damaged");
  }
}

void ExamineProject(const Settings& settings, Findings& findings) {
  try {
    auto project = settings.project.empty() ? model::Project::BuiltIn() : model::Project::FromFolder(settings.project);
    AddFine(findings, "config",
            fmt::format("the project has {} contracts and {} models: {}", project.contracts().size(),
                        project.models().size(), settings.project.empty() ? "built in" : settings.project));
  } catch (const base::Error& error) {
    AddError(findings, "config", error.message(), "correct the project");
  }
}

Findings Examine(const CommandLine& line, std::ostream& out) {
  Findings findings;
  CheckVersions(findings);
  CheckClock(findings);
  std::optional<Settings> settings;
  try {
    settings = ResolveSettings(line.flags, line.config_file);
  } catch (const base::Error& error) {
    AddError(findings, "config", error.message(), "correct it; nothing else can be looked at before");
    return findings;
  }
  std::string file = FindConfigFile(line.flags, line.config_file);
  AddFine(findings, "config", file.empty() ? "there is no qlake.toml here" : "settings are read from " + file);
  CheckSettings(*settings, findings);
  ExamineProject(*settings, findings);
  CheckPermissions(*settings, findings);
  CheckDisk(*settings, findings);
  CheckBroker(*settings, findings);
  CheckRegistry(*settings, findings);
  CheckSpark(*settings, findings);
  CheckMetastore(*settings, findings);
  size_t before = findings.size();
  CheckHdfs(*settings, findings);
  bool is_out_of_reach = findings.size() > before && findings.back().severity == Severity::kError;
  if (!is_out_of_reach) ExamineLake(*settings, out, findings);
  return findings;
}

int64_t CountOf(const Findings& findings, Severity severity) {
  return std::ranges::count(findings, severity, &Finding::severity);
}

void PrintJson(std::ostream& out, const Findings& findings) {
  base::Json json = {{"errors", CountOf(findings, Severity::kError)},
                     {"warnings", CountOf(findings, Severity::kWarning)},
                     {"findings", base::Json::array()}};
  for (const auto& finding : findings) {
    json["findings"].push_back({{"severity", NameOf(finding.severity)},
                                {"area", finding.area},
                                {"what", finding.what},
                                {"remedy", finding.remedy.empty() ? base::Json(nullptr) : base::Json(finding.remedy)}});
  }
  out << json.dump(2, ' ', false, base::Json::error_handler_t::replace) << "\n";
}

void Print(std::ostream& out, const Findings& findings) {
  for (const auto& finding : findings) {
    out << fmt::format("{:<8} {:<12} {}\n", NameOf(finding.severity), finding.area, finding.what);
    if (!finding.remedy.empty()) out << fmt::format("{:<21} -> {}\n", "", finding.remedy);
  }
  out << fmt::format("{} errors, {} warnings\n", CountOf(findings, Severity::kError),
                     CountOf(findings, Severity::kWarning));
}

}  // namespace

void AddDoctor(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  auto& command = line.Add(
      app, "doctor",
      "What is wrong, or will be, and what to do: settings, permissions, disks, clock, servers, tables; 1 on errors",
      keys,
      "  qlake doctor\n  qlake doctor --config /etc/qlake/qlake.toml --json\n"
      "  qlake doctor --compare duckdb,spark     # every function, model, check, report and dump on both; 1 if they "
      "differ\n"
      "  qlake doctor --compare duckdb,spark --only function,report\n"
      "  qlake doctor --compare duckdb,hive --hiveserver 127.0.0.1:10000   # every registered table, as HiveServer2 "
      "reads it");
  auto engines = std::make_shared<std::string>();
  command.add_option(
      "--compare", *engines,
      "hold what others make of this lake and project against DuckDB, row by row: duckdb,spark, duckdb,hive or all "
      "three");
  auto only = std::make_shared<std::string>();
  command.add_option("--only", *only,
                     "of --compare: function, table, report, dump, model, hive, or several of them [all]");
  command.callback([&line, engines, only] {
    if (!engines->empty()) {
      line.computes = false;  // On both, whatever engine is set.
      line.command = [engines, only](Context& context) { return CompareEngines(context, *engines, *only); };
      return;
    }
    line.bare_command = [&line](std::ostream& out) {
      auto findings = Examine(line, out);
      line.json ? PrintJson(out, findings) : Print(out, findings);
      return CountOf(findings, Severity::kError) == 0 ? kExitDone : kExitFailed;
    };
  });
}

}  // namespace qlake::cli
