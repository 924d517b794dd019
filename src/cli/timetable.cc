#include "cli/timetable.h"

#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "storage/storage.h"

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

// What a person at the keyboard need not wait for, a job that nobody watches may.
constexpr const char* kSettle = "30s";
constexpr const char* kRetryFor = "5m";

std::string ThisProgram() {
  std::error_code failed;
  fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) throw base::IoError("cannot find out where qlake lies: {}", failed.message());
  return program.string();
}

bool HasHive(const Settings& settings) { return !settings.Text("hive.metastore").empty(); }

struct JobKind {
  std::string name;
  std::vector<std::string> command;
  std::set<std::string> after;
};

std::vector<JobKind> KindsOf(const Settings& settings) {
  std::vector<JobKind> kinds = {
      {"ingest", {"ingest"}, {}},
      {"process", {"process"}, {"ingest"}},
      {"dump", {"dump", "--due"}, {"ingest", "process"}},
      {"compact", {"compact"}, {}},
      {"vacuum", {"vacuum"}, {}},
  };
  if (HasHive(settings)) kinds.push_back({"repair", {"repair"}, {"process"}});
  if (!settings.Text("metrics.file").empty()) kinds.push_back({"metrics", {"metrics"}, {}});
  return kinds;
}

// A job takes all of its settings from there: flags would have to be known to each command.
std::map<std::string, std::string> EnvironmentOf(const Settings& settings) {
  std::map<std::string, std::string> environment;
  for (const auto& definition : SettingDefinitions()) {
    const Setting& setting = settings.all.at(definition.key);
    if (setting.origin == definition.flag) environment[definition.environment()] = setting.value;
  }
  auto give = [&](const char* key, const char* value) {
    if (settings.IsDefault(key)) environment[FindSetting(key)->environment()] = value;
  };
  give("settle", kSettle);
  give("run.retry_for", kRetryFor);
  give("log.level", "info");
  return environment;
}

}  // namespace

std::string NameOfLake(const Settings& settings) {
  if (storage::IsOnHdfs(settings.lake)) return settings.lake;
  return fs::absolute(settings.lake).lexically_normal().string();
}

std::string TagOfLake(const Settings& settings) { return base::Sha256Hex(NameOfLake(settings)).substr(0, 8); }

std::vector<schedule::Job> JobsOf(const Settings& settings, const std::string& config_file) {
  std::vector<schedule::Job> jobs;
  std::string program = ThisProgram();
  // Timetables of several lakes may share a folder: a job of one does not wait for that of another.
  std::string tag = TagOfLake(settings);
  for (const auto& kind : KindsOf(settings)) {
    auto occasion = schedule::Occasion::Parse(settings.Text("schedule." + kind.name));
    QLAKE_CHECK(occasion);
    if (occasion->is_off()) continue;
    schedule::Job job{kind.name, *occasion, kind.after, {}};
    job.command.program = program;
    job.command.arguments = kind.command;
    job.command.arguments.insert(job.command.arguments.end(), {"--json", "--quiet"});
    if (!config_file.empty()) job.command.arguments.insert(job.command.arguments.end(), {"--config", config_file});
    job.command.environment = EnvironmentOf(settings);
    job.command.lock_file = fmt::format("{}/{}-{}.lock", settings.Text("schedule.folder"), kind.name, tag);
    job.command.timeout = settings.Duration("schedule.timeout");
    job.command.log_bytes_max = settings.Bytes("log.rotate_bytes");
    job.command.log_files_max = static_cast<int>(settings.Integer("log.keep"));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<std::string> WordsOf(const schedule::Job& job, const Settings& settings, const std::string& config_file) {
  std::vector<std::string> words = {job.command.program, "schedule", "--job", job.name};
  if (!config_file.empty()) words.insert(words.end(), {"--config", fs::absolute(config_file).string()});
  for (const auto& definition : SettingDefinitions()) {
    const Setting& setting = settings.all.at(definition.key);
    bool is_of_environment = setting.origin == definition.environment() ||
                             (setting.reference && setting.reference->source == SecretReference::Source::kEnvironment);
    if (is_of_environment && definition.flag.empty()) {
      throw base::InputError(
          "{} comes from the environment, which jobs do not have: write it into a qlake.toml, a secret as {{ file = "
          "\"PATH\" }} or {{ command = \"...\" }}",
          definition.key);
    }
    bool is_given = is_of_environment || setting.origin == definition.flag;
    if (is_given && CarriesSecret(setting.value)) {
      throw base::InputError(
          "{} carries a secret, which no crontab or unit may: write it into a qlake.toml as {{ file = \"PATH\" }} or "
          "{{ command = \"...\" }}",
          definition.key);
    }
    if (is_given) {
      words.insert(words.end(), {definition.flag, setting.value});
    }
  }
  return words;
}

}  // namespace qlake::cli
