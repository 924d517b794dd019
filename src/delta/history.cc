#include "delta/history.h"

#include <sstream>

#include "delta/action_json.h"
#include "delta/commit_time.h"
#include "delta/log_listing.h"

namespace qlake::delta {
namespace {

// The commitInfo of a commit that ParseActions() has found to be sound; an empty object when it has none.
base::Json FindInfo(const std::string& commit) {
  std::istringstream lines(commit);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"commitInfo\"") == std::string::npos) continue;
    base::Json action = base::Json::parse(line, nullptr, false);
    if (action.is_object() && action.contains("commitInfo") && action["commitInfo"].is_object()) {
      return action["commitInfo"];
    }
  }
  return base::Json::object();
}

std::string TextAt(const base::Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

base::Json ObjectAt(const base::Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : base::Json::object();
}

}  // namespace

std::vector<HistoryEntry> ReadHistory(const storage::Storage& storage, const std::string& table_path, size_t limit) {
  std::vector<HistoryEntry> history;
  LogListing log(storage, table_path);
  if (log.empty()) return history;
  for (Version version = log.newest(); version >= 0 && (limit == 0 || history.size() < limit); --version) {
    const storage::Entry* commit = log.CommitOf(version);
    if (commit == nullptr) break;
    std::string text = storage.Read(commit->path);
    base::Json info = FindInfo(text);
    HistoryEntry entry;
    entry.version = version;
    entry.timestamp_ms = CommitTimeMs(ParseActions(std::move(text), commit->path), *commit);
    entry.operation = TextAt(info, "operation");
    entry.parameters = ObjectAt(info, "operationParameters");
    entry.metrics = ObjectAt(info, "operationMetrics");
    entry.engine = TextAt(info, "engineInfo");
    entry.run_id = TextAt(info, "qlakeRunId");
    history.push_back(std::move(entry));
  }
  return history;
}

}  // namespace qlake::delta
