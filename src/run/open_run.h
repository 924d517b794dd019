#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/writer.h"

namespace qlake::run {

// A run that has begun and has no row in ops.runs yet: it is under way, or was killed. It is known by a file of the
// lake, _qlake/runs/<run id>.json, which stands from its beginning until its row does.
struct OpenRun {
  std::string run_id;
  std::string command;
  base::Timestamp started_at;
  std::string host;
  std::string process;  // That process among all that the host has ever had; empty: the kernel does not say.
  int64_t pid = 0;
  bool holds_lease = false;            // All the time: whoever has the lease now knows that it is over.
  std::chrono::seconds silent_max{0};  // It says that it is there more often than that.
  base::Timestamp seen_at;
  std::string failure;  // Of a run that ended and could not be entered.
};

enum class Life { kRuns, kEnded, kUnknown };
// Of a run of this host: whether its process is there. Of another, or of a container beside this one: kEnded when it
// has been silent for too long.
Life LifeOf(const OpenRun& run, base::Timestamp now);

// By their beginning. Files that are none are left out.
std::vector<OpenRun> ReadOpenRuns(lake::Lake& lake);

// Enters the runs that were killed, or could not be entered, in ops.runs and forgets them. REQUIRES: no note of the own
// run says that it holds the lease.
void EnterKilledRuns(lake::Writer& writer);

// Says that a run is under way, while it lives. That this cannot be said is logged and stops nothing.
class OpenRunNote {
 public:
  // `run` without host, process, pid and seen_at, which are filled in.
  OpenRunNote(lake::Lake& lake, OpenRun run);
  ~OpenRunNote();
  OpenRunNote(const OpenRunNote&) = delete;
  OpenRunNote& operator=(const OpenRunNote&) = delete;

  // The run has failed and could not be entered: the note stays, for the next run.
  void Keep(const std::string& failure);
  void SayAlive();  // From any thread, one at a time. Writes at most four times in silent_max.

 private:
  void Write();

  lake::Lake& lake_;
  OpenRun run_;
  bool is_kept_ = false;
};

}  // namespace qlake::run
