#include "run/open_run.h"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "run/run_entry.h"

namespace qlake::run {
namespace {

constexpr const char* kFolder = "_qlake/runs";

std::string PathOf(const std::string& run_id) { return std::string(kFolder) + "/" + run_id + ".json"; }

std::string HostName() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string FirstLine(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

// Boot, namespace of process ids, and when the process began: a number is given to another process sooner or later.
// Empty when there is no such process, or the kernel does not say.
std::string IdentityOf(int64_t pid) {
  std::string stat = FirstLine("/proc/" + std::to_string(pid) + "/stat");
  size_t at = stat.rfind(')');  // proc(5): behind the name, which may hold anything, the fields 3 and on.
  if (at == std::string::npos) return "";
  constexpr int kFieldsBeforeStart = 20;
  for (int field = 0; field < kFieldsBeforeStart && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return "";
  std::string began = stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
  struct stat processes {};
  if (::stat("/proc/self/ns/pid", &processes) != 0) return "";
  return fmt::format("{}:{}:{}:{}", FirstLine("/proc/sys/kernel/random/boot_id"), processes.st_ino, pid, began);
}

// Of a container beside ours, say, which may have our host's name: its processes cannot be seen from here.
bool IsOfOtherNamespace(const std::string& process) {
  auto boot_of = [](const std::string& identity) { return identity.substr(0, identity.find(':')); };
  auto namespace_of = [](const std::string& identity) {
    size_t at = identity.find(':');
    return at == std::string::npos ? "" : identity.substr(at, identity.find(':', at + 1) - at);
  };
  std::string own = IdentityOf(::getpid());
  return boot_of(process) == boot_of(own) && namespace_of(process) != namespace_of(own);
}

base::Json ToJson(const OpenRun& run) {
  return {{"run_id", run.run_id},
          {"command", run.command},
          {"started_at", base::FormatTimestamp(run.started_at)},
          {"host", run.host},
          {"process", run.process},
          {"pid", run.pid},
          {"holds_lease", run.holds_lease},
          {"silent_max_s", run.silent_max.count()},
          {"seen_at", base::FormatTimestamp(run.seen_at)},
          {"failure", run.failure}};
}

// A crash may have left any part of the file.
std::optional<OpenRun> FromJson(const std::string& text) {
  auto json = base::Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto started_at = base::ParseTimestamp(json.value("started_at", ""));
  auto seen_at = base::ParseTimestamp(json.value("seen_at", ""));
  OpenRun run;
  run.run_id = json.value("run_id", "");
  if (run.run_id.empty() || !started_at || !seen_at) return std::nullopt;
  run.command = json.value("command", "");
  run.started_at = *started_at;
  run.host = json.value("host", "");
  run.process = json.value("process", "");
  run.pid = json.value("pid", int64_t{0});
  run.holds_lease = json.value("holds_lease", false);
  run.silent_max = std::chrono::seconds(json.value("silent_max_s", int64_t{0}));
  run.seen_at = *seen_at;
  run.failure = json.value("failure", "");
  return run;
}

std::set<std::string> EnteredRuns(lake::Lake& lake, const std::vector<OpenRun>& runs) {
  auto snapshot = lake.Load(lake::kOpsRuns);
  if (!snapshot) return {};
  lake.Define(lake::RunsSchema(), snapshot);
  std::vector<std::string> ids;
  for (const auto& run : runs) ids.push_back(engine::QuoteLiteral(run.run_id));
  auto result =
      lake.database().Query(fmt::format("SELECT run_id FROM ops.runs WHERE run_id IN ({})", fmt::join(ids, ", ")));
  std::set<std::string> entered;
  for (const auto& row : result.rows) entered.insert(row[0].value_or(""));
  return entered;
}

// 1. The rows. A crash behind them leaves the notes of runs that are entered: these are only forgotten then.
// 2. The notes.
void EnterAndForget(lake::Writer& writer) {
  auto& lake = writer.lake();
  auto runs = ReadOpenRuns(lake);
  std::erase_if(
      runs, [&](const OpenRun& run) { return !run.holds_lease && LifeOf(run, lake.clock().Now()) != Life::kEnded; });
  if (runs.empty()) return;
  auto entered = EnteredRuns(lake, runs);
  for (const auto& run : runs) {
    if (!entered.contains(run.run_id)) EnterKilledRun(writer, run);
  }
  for (const auto& run : runs) lake.storage().Remove(PathOf(run.run_id));
}

}  // namespace

Life LifeOf(const OpenRun& run, base::Timestamp now) {
  if (!run.failure.empty()) return Life::kEnded;
  if (run.host == HostName() && !run.process.empty() && !IsOfOtherNamespace(run.process)) {
    return IdentityOf(run.pid) == run.process ? Life::kRuns : Life::kEnded;
  }
  auto silent = std::chrono::microseconds(now.us - run.seen_at.us);
  return silent > run.silent_max ? Life::kEnded : Life::kUnknown;
}

std::vector<OpenRun> ReadOpenRuns(lake::Lake& lake) {
  std::vector<OpenRun> runs;
  for (const auto& file : lake.storage().List(kFolder)) {
    auto text = lake.storage().ReadIfPresent(file.path);
    auto run = text ? FromJson(*text) : std::nullopt;
    if (run && PathOf(run->run_id) == file.path) runs.push_back(*std::move(run));
  }
  std::ranges::sort(runs, {}, [](const OpenRun& run) { return std::pair(run.started_at.us, run.run_id); });
  return runs;
}

void EnterKilledRuns(lake::Writer& writer) {
  try {
    EnterAndForget(writer);
  } catch (const base::Error& error) {
    base::LogWarn("runs that were killed could not be entered in ops.runs; the next run does it",
                  {{"why", error.message()}});
  }
}

OpenRunNote::OpenRunNote(lake::Lake& lake, OpenRun run) : lake_(lake), run_(std::move(run)) {
  run_.host = HostName();
  run_.pid = ::getpid();
  run_.process = IdentityOf(run_.pid);
  Write();
}

OpenRunNote::~OpenRunNote() {
  if (is_kept_) return;
  try {
    lake_.storage().Remove(PathOf(run_.run_id));
  } catch (const base::Error& error) {
    base::LogWarn("the note of this run stays in the lake; the next run removes it", {{"why", error.message()}});
  }
}

void OpenRunNote::Keep(const std::string& failure) {
  is_kept_ = true;
  run_.failure = failure;
  Write();
}

void OpenRunNote::SayAlive() {
  auto silent = std::chrono::microseconds(lake_.clock().Now().us - run_.seen_at.us);
  if (silent * 4 > run_.silent_max) Write();
}

void OpenRunNote::Write() {
  run_.seen_at = lake_.clock().Now();
  try {
    lake_.storage().Write(PathOf(run_.run_id), ToJson(run_).dump());
  } catch (const base::Error& error) {
    base::LogWarn("that this run is under way cannot be said in the lake", {{"why", error.message()}});
  }
}

}  // namespace qlake::run
