#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/context.h"
#include "cli/timetable.h"
#include "schedule/crontab.h"
#include "schedule/systemd_units.h"

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

// Ending the jobs takes up to 3 seconds (schedule/job_run.h); the process shall be gone within 5.
constexpr std::chrono::milliseconds kTidyUp{4'500};

struct Options {
  bool print_cron = false;
  bool install_cron = false;
  bool uninstall_cron = false;
  std::string systemd_folder;
  std::string job;
  bool to_log = false;
};

std::vector<std::string> CronLines(const Settings& settings, const std::string& config_file) {
  std::vector<std::string> lines;
  for (const auto& job : JobsOf(settings, config_file)) {
    auto words = WordsOf(job, settings, config_file);
    words.push_back("--to-log");
    lines.push_back(job.occasion.CronFields() + " " + schedule::CronCommand(fs::current_path(), words));
  }
  return lines;
}

int PrintCron(Context& context, const std::string& config_file) {
  context.out << schedule::WithBlock("", NameOfLake(context.settings), CronLines(context.settings, config_file));
  return kExitDone;
}

int InstallCron(Context& context, const std::string& config_file) {
  auto lines = CronLines(context.settings, config_file);
  std::string name = NameOfLake(context.settings);
  std::string before = schedule::ReadCrontab();
  std::string after = schedule::WithBlock(before, name, lines);
  if (after != before) schedule::WriteCrontab(after);
  if (context.json) {
    context.out << base::Json{{"block", name}, {"lines", lines}, {"unchanged", after == before}}.dump() << "\n";
    return kExitDone;
  }
  context.out << (after == before ? "the crontab has them already:\n" : "in the crontab now:\n");
  for (const auto& line : lines) context.out << line << "\n";
  context.out << "logs: " << fs::absolute(context.settings.Text("schedule.folder")).lexically_normal().string() << "\n";
  return kExitDone;
}

int UninstallCron(Context& context) {
  std::string before = schedule::ReadCrontab();
  std::string after = schedule::WithoutBlock(before, NameOfLake(context.settings));
  if (after != before) schedule::WriteCrontab(after);
  if (context.json) {
    context.out << base::Json{{"block", NameOfLake(context.settings)}, {"removed", after != before}}.dump() << "\n";
  } else {
    context.out << (after == before ? "the crontab has no lines for this lake\n" : "the lines are gone\n");
  }
  return kExitDone;
}

int WriteSystemdUnits(Context& context, const std::string& folder, const std::string& config_file) {
  fs::create_directories(folder);
  std::vector<std::string> timers;
  for (const auto& job : JobsOf(context.settings, config_file)) {
    schedule::UnitOptions unit{"qlake-" + job.name + "-" + TagOfLake(context.settings),
                               "qlake " + job.name + " of " + NameOfLake(context.settings), fs::current_path(),
                               WordsOf(job, context.settings, config_file), job.occasion};
    for (const auto& [name, text] : schedule::SystemdUnits(unit)) {
      std::ofstream file(fs::path(folder) / name, std::ios::binary | std::ios::trunc);
      if (!(file << text << std::flush)) throw base::IoError("cannot write the unit {}/{}", folder, name);
    }
    timers.push_back(unit.name + ".timer");
  }
  if (context.json) {
    context.out << base::Json{{"folder", folder}, {"timers", timers}}.dump() << "\n";
    return kExitDone;
  }
  std::string of_lake = "qlake-*-" + TagOfLake(context.settings) + ".*";
  context.out << fmt::format(
      "units written to {0}; as root, or with --user for your own:\n  cp {0}/{1} /etc/systemd/system/ && systemctl "
      "daemon-reload && systemctl enable --now {2}\nto take them away again, and no other lake's:\n  systemctl "
      "disable --now {2}; rm /etc/systemd/system/{1} && systemctl daemon-reload\n",
      folder, of_lake, fmt::join(timers, " "));
  return kExitDone;
}

void LogEnd(const std::string& job, std::optional<int> exit_code, bool is_timed_out) {
  if (!exit_code) {
    base::LogWarn("a wake-up is left out, the last one still runs", {{"job", job}});
  } else if (is_timed_out) {
    base::LogError("the job took too long (schedule.timeout) and was ended", {{"job", job}, {"exit_code", *exit_code}});
  } else if (*exit_code != kExitDone) {
    base::LogError("the job failed", {{"job", job}, {"exit_code", *exit_code}});
  } else {
    base::LogInfo("the job is done", {{"job", job}});
  }
}

// What a line of the crontab and a unit of systemd do.
int RunJob(Context& context, const Options& options, const std::string& config_file) {
  auto jobs = JobsOf(context.settings, config_file);
  auto job = std::ranges::find(jobs, options.job, &schedule::Job::name);
  if (job == jobs.end()) {
    throw base::InputError("the timetable has no such job, or it is off (schedule.{}): {}", options.job, options.job);
  }
  if (options.to_log) job->command.log_file = context.settings.Text("schedule.folder") + "/" + job->name + ".log";
  auto run = schedule::JobRun::Start(job->command);
  if (options.to_log) base::StartLog({.level = base::LogLevel::kInfo, .file = job->command.log_file});
  std::optional<int> exit_code;
  if (run) {
    Interrupts::Scope scope(
        context.interrupts, [] {}, kTidyUp);
    while (!(exit_code = run->Poll())) {
      if (context.interrupts.happened()) run->End();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  LogEnd(job->name, exit_code, run && run->is_timed_out());
  return exit_code.value_or(kExitDone);
}

int RunInForeground(Context& context, const std::string& config_file) {
  auto jobs = JobsOf(context.settings, config_file);
  if (!context.quiet) {
    for (const auto& job : jobs) {
      std::cerr << "qlake: " << job.name << " at " << context.settings.Text("schedule." + job.name) << "\n";
    }
  }
  schedule::Scheduler scheduler(jobs, context.clock,
                                [](const schedule::Job& job, std::optional<int> exit_code, bool is_timed_out) {
                                  LogEnd(job.name, exit_code, is_timed_out);
                                });
  Interrupts::Scope scope(
      context.interrupts, [&scheduler] { scheduler.Stop(); }, kTidyUp);
  scheduler.Run();
  return kExitDone;
}

int Execute(Context& context, const Options& options, const std::string& config_file) {
  if (options.print_cron) return PrintCron(context, config_file);
  if (options.install_cron) return InstallCron(context, config_file);
  if (options.uninstall_cron) return UninstallCron(context);
  if (!options.systemd_folder.empty()) return WriteSystemdUnits(context, options.systemd_folder, config_file);
  if (!options.job.empty()) return RunJob(context, options, config_file);
  return RunInForeground(context, config_file);
}

}  // namespace

void AddSchedule(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys;
  for (const auto& definition : SettingDefinitions()) keys.push_back(definition.key);
  auto& command = line.Add(
      app, "schedule", "Carry the timetable out: by cron, by systemd, or in the foreground until SIGTERM", keys,
      "  qlake schedule --print-cron --lake /srv/lake --landing /srv/landing\n"
      "  qlake schedule --install-cron --config /etc/qlake.toml      # beside your own lines, which stay as they are\n"
      "  qlake schedule --uninstall-cron --config /etc/qlake.toml\n"
      "  qlake schedule --print-systemd units --config /etc/qlake.toml\n"
      "  qlake schedule --config /etc/qlake.toml                     # in a container");
  auto options = std::make_shared<Options>();
  auto* mode = command.add_option_group("mode", "one of; none: in the foreground");
  mode->add_flag("--print-cron", options->print_cron, "print the lines of the crontab");
  mode->add_flag("--install-cron", options->install_cron, "put them into the user's crontab, or replace them there");
  mode->add_flag("--uninstall-cron", options->uninstall_cron, "take them out of it");
  mode->add_option("--print-systemd", options->systemd_folder, "write units and timers of systemd to a folder");
  mode->add_option("--job", options->job, "do one job now, unless it still runs: what those lines and units do");
  mode->require_option(0, 1);
  command.add_flag("--to-log", options->to_log,
                   "with --job: its output goes to a log in schedule.folder, which rotates");
  command.callback([&line, options] {
    line.reads_lake = false;  // The jobs do.
    line.command = [&line, options](Context& context) {
      return Execute(context, *options, FindConfigFile(line.flags, line.config_file));
    };
  });
}

}  // namespace qlake::cli
