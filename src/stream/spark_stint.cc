#include "stream/spark_stint.h"

#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "spark/session.h"

namespace qlake::stream {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kStints = "_qlake/checkpoints";
constexpr auto kBeat = 3s;
constexpr auto kSilentMax = 20s;
constexpr auto kLook = 500ms;

std::string MarkOf(const std::string& folder) { return folder + "/owner.json"; }

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

base::Json ReadMark(const std::string& text) { return base::Json::parse(text, nullptr, false); }

std::string TextOf(const base::Json& mark, const char* key) {
  return mark.is_object() && mark.contains(key) && mark[key].is_string() ? mark[key].get<std::string>() : "";
}

// Of this machine, and no process of that number runs.
bool IsSurelyGone(const base::Json& mark) {
  if (!mark.is_object() || TextOf(mark, "host") != HostName()) return false;
  int64_t pid = mark.value("pid", int64_t{0});
  return pid > 0 && pid != getpid() && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

}  // namespace

SparkStint::SparkStint(storage::Storage& storage, const spark::Connection& server)
    : storage_(storage), folder_(std::string(kStints) + "/" + base::NewUuid()), said_(SteadyClock::now() - kBeat) {
  RemoveLeftovers(server);
  SayAlive("");
}

SparkStint::~SparkStint() {
  try {
    storage_.RemoveFolder(folder_);
  } catch (const base::Error& error) {
    // The next stint does it.
    base::LogWarn("the folder of a stream on Spark stays", {{"folder", folder_}, {"why", error.message()}});
  }
}

void SparkStint::SayAlive(const std::string& session_id) {
  if (SteadyClock::now() - said_ < kBeat) return;
  said_ = SteadyClock::now();
  base::Json mark = {{"session", session_id}, {"host", HostName()}, {"pid", getpid()}, {"beat", ++beats_}};
  storage_.Replace(MarkOf(folder_), mark.dump());
}

void SparkStint::RemoveLeftovers(const spark::Connection& server) {
  for (const auto& name : storage_.ListFolders(kStints)) {
    std::string folder = std::string(kStints) + "/" + name;
    AwaitItsEnd(MarkOf(folder));
    std::string session = TextOf(ReadMark(storage_.ReadIfPresent(MarkOf(folder)).value_or("")), "session");
    base::LogInfo("what a stream on Spark left is removed", {{"folder", folder}, {"session", session}});
    // Its queries would run on for nobody.
    if (!session.empty()) spark::EndSession(server, session);
    storage_.RemoveFolder(folder);
  }
}

void SparkStint::AwaitItsEnd(const std::string& mark_path) const {
  auto first = storage_.ReadIfPresent(mark_path);
  auto began = SteadyClock::now();
  while (first && !IsSurelyGone(ReadMark(*first)) && SteadyClock::now() - began < kSilentMax) {
    std::this_thread::sleep_for(kLook);
    auto now = storage_.ReadIfPresent(mark_path);
    if (!now) return;
    if (*now == *first) continue;
    auto mark = ReadMark(*now);
    throw base::UnavailableError("another stream on Spark writes to this lake, process {} on {}: stop that one first",
                                 mark.is_object() ? mark.value("pid", int64_t{0}) : 0, TextOf(mark, "host"));
  }
}

}  // namespace qlake::stream
