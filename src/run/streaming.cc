#include "run/streaming.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "lake/unfinished_copy.h"
#include "lake/writer.h"
#include "model/event_marts.h"
#include "run/disk_space.h"
#include "run/open_run.h"
#include "run/run_entry.h"
#include "run/run_history.h"
#include "run/run_id.h"
#include "run/run_record.h"

namespace qlake::run {
namespace {

constexpr const char* kCommand = "stream";
constexpr std::chrono::seconds kSilentMax{600};

// A batch that is not written is read again by the next stream.
stream::StreamOptions StreamOptionsOf(const StreamingSettings& settings, const std::string& run_id,
                                      const std::string& lake) {
  auto options = settings.stream;
  options.run_id = run_id;
  options.before_write = [lake, bytes_min = settings.free_bytes_min] { RequireDiskSpace(lake, bytes_min); };
  return options;
}

// Before a stream makes its tables there.
lake::Lake& RequireWhole(lake::Lake& lake) {
  lake::RequireNoUnfinishedCopy(lake);
  return lake;
}

// The embedded engine's stay: a stream goes on for months, and refreshes take moments of it.
class DatabaseScope {
 public:
  explicit DatabaseScope(lake::Lake& lake) : lake_(lake) {}
  ~DatabaseScope() { lake_.CloseDatabase(); }
  DatabaseScope(const DatabaseScope&) = delete;
  DatabaseScope& operator=(const DatabaseScope&) = delete;

 private:
  lake::Lake& lake_;
};

}  // namespace

// Refreshes the marts every so often until it ends, with a view of the lake of its own.
class Streaming::Refresher {
 public:
  Refresher(const Streaming& streaming, OpenRunNote& note)
      : lake_(streaming.lake_.options(), streaming.lake_.clock()),
        project_(streaming.project_),
        settings_(streaming.settings_),
        run_id_(streaming.run_id_),
        note_(note),
        thread_([this] { Work(); }) {}
  ~Refresher() { End(); }
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  // Refreshes a last time. False: the lease is another's.
  bool Finish() {
    End();
    return Refresh(settings_.lease_wait);
  }

 private:
  void End() {
    {
      std::lock_guard lock(mutex_);
      ends_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, settings_.refresh_every, [&] { return ends_; })) {
      lock.unlock();
      note_.SayAlive();
      // A failure here is none of the stream's: the marts are derived, and the next refresh goes on from the last.
      try {
        Refresh(std::chrono::milliseconds{0});
      } catch (const base::Error& error) {
        base::LogWarn("the marts of events could not be refreshed; it is tried again", {{"why", error.message()}});
      }
      lock.lock();
    }
  }

  bool Refresh(std::chrono::milliseconds lease_wait) {
    if (!model::EventMartsAreStale(lake_, project_)) return true;
    DatabaseScope scope(lake_);
    std::optional<lake::Writer> writer;
    try {
      writer.emplace(lake_, run_id_, lease_wait);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kUnavailable) throw;
      return false;  // Whoever holds the lease is at work on the lake; the next time, then.
    }
    EnterKilledRuns(*writer);
    std::vector<model::PartFailure> failures;
    model::RefreshEventMarts(*writer, project_, failures);
    for (const auto& failure : failures) {
      base::LogWarn("a mart of events could not be refreshed; it is tried again",
                    {{"table", failure.part}, {"why", failure.message}});
    }
    return true;
  }

  lake::Lake lake_;
  const model::Project& project_;
  const StreamingSettings& settings_;
  std::string run_id_;
  OpenRunNote& note_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

Streaming::Streaming(lake::Lake& lake, const model::Project& project, const events::EventShape& shape,
                     const MakeStream& make, StreamingSettings settings)
    : lake_(RequireWhole(lake)),
      project_(project),
      settings_(std::move(settings)),
      run_id_(NewRunId(lake.clock().Now())),
      shape_(shape),
      stream_(make(shape, StreamOptionsOf(settings_, run_id_, lake.options().root))) {}

Streaming::~Streaming() = default;

StreamingReport Streaming::Run() {
  base::LogScope scope({run_id_, kCommand});
  base::Timestamp started_at = lake_.clock().Now();
  RequireDiskSpace(lake_.options().root, settings_.free_bytes_min);
  OpenRunNote note(lake_, {.run_id = run_id_,
                           .command = kCommand,
                           .started_at = started_at,
                           .silent_max = std::max(
                               kSilentMax, std::chrono::ceil<std::chrono::seconds>(settings_.refresh_every * 4))});
  StreamingReport report;
  report.run_id = run_id_;
  RunRecord steps;
  try {
    steps.Step(kCommand, nullptr, [&](StepRecord& step) { StreamInto(step, report, note); });
  } catch (const std::exception& failure) {
    // That it failed is worth a row, but never worth hiding why.
    std::string why = MessageOf(failure);
    try {
      Enter(started_at, report, steps, why);
    } catch (const base::Error& second) {
      base::LogError("the failed run could not be entered in ops.runs", {{"why", second.message()}});
      note.Keep(why);
    }
    throw;
  }
  if (report.stream.batches > 0 || MakesGood(lake_, kCommand)) Enter(started_at, report, steps, "");
  return report;
}

void Streaming::StreamInto(StepRecord& step, StreamingReport& report, OpenRunNote& note) {
  auto before = Versions();
  try {
    Refresher refresher(*this, note);
    report.stream = stream_->Run();
    report.marts_are_fresh = refresher.Finish();
  } catch (...) {
    report.stream = stream_->report();
    Account(step, report, before);
    throw;
  }
  Account(step, report, before);
}

// Never throws: it must not hide why the stream failed.
void Streaming::Account(StepRecord& step, const StreamingReport& report, const lake::TableVersions& before) {
  step.rows = report.stream.messages;
  step.bytes = static_cast<int64_t>(report.stream.bytes);
  try {
    for (const auto& [table, version] : Versions()) {
      delta::Version base = before.at(table);
      if (version != base) step.commits.push_back({table, base, version});
    }
  } catch (const base::Error& error) {
    base::LogWarn("the versions that the stream has made are not known", {{"why", error.message()}});
  }
}

// Of the tables that it writes.
lake::TableVersions Streaming::Versions() {
  lake::TableVersions versions;
  for (const auto& table : {lake::EventsSchema(shape_).name, lake::DeadLetterSchema(shape_).name}) {
    auto snapshot = lake_.Load(table);
    versions[table] = snapshot ? snapshot->version() : delta::kNoVersion;
  }
  return versions;
}

void Streaming::Enter(base::Timestamp started_at, const StreamingReport& report, const RunRecord& steps,
                      const std::string& failure) {
  const auto& stream = report.stream;
  base::Json details = {{"loaded", stream.events},
                        {"dead_lettered", stream.dead_letters},
                        {"batches", stream.batches},
                        {"bytes", stream.bytes},
                        {"seconds", static_cast<double>(lake_.clock().Now().us - started_at.us) / 1e6},
                        {"steps", steps.ToJson()}};
  RunEntry entry{kCommand, started_at, failure, 0, stream.messages, details};
  EnterRunWithoutLease(lake_, run_id_, entry);
}

void Streaming::Stop() { stream_->Stop(); }

stream::StreamReport Streaming::report() const { return stream_->report(); }

}  // namespace qlake::run
