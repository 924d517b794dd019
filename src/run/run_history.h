#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "lake/lake.h"

namespace qlake::run {

// One execution of a command, from ops.runs, or under way or killed without a row there yet.
struct PastRun {
  std::string run_id;
  std::string command;
  std::string state;  // done, failed, killed, running; unknown: another host has it, or had.
  base::Timestamp started_at;
  std::optional<base::Timestamp> finished_at;  // Nothing while it runs; of a killed one, when it was seen last.
  std::string message;                         // Why it failed.
  int64_t files = 0;
  int64_t rows = 0;
  base::Json details = base::Json::object();  // docs/operations.md says what stands there.
};

// Newest first; at most `limit`, 0: all.
std::vector<PastRun> ReadRuns(lake::Lake& lake, size_t limit);

// Of runs, newest first: the last of each command that failed or was killed and was not made good since.
std::vector<PastRun> FailuresNotMadeGood(const std::vector<PastRun>& runs);

// Whether a run of the command that has nothing to do is worth a row in ops.runs: it says that a failure is over.
bool MakesGood(lake::Lake& lake, const std::string& command);

// The one run whose id begins so. Throws Error{kInput} when there is none, or are several.
PastRun FindRun(lake::Lake& lake, const std::string& id_prefix);

// A version that a run added to a table.
struct RunCommit {
  std::string table;
  delta::Version version = delta::kNoVersion;
  std::string operation;
};
// Of a run that left no account: from the logs of all tables, of each the newest versions.
std::vector<RunCommit> FindCommits(lake::Lake& lake, const std::string& run_id);

}  // namespace qlake::run
