#include "run/streaming.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "lake/unfinished_copy.h"
#include "lake/writer.h"
#include "model/event_marts.h"
#include "run/run_entry.h"
#include "run/run_id.h"

namespace qlake::run {
namespace {

constexpr const char* kCommand = "stream";

stream::StreamOptions WithRunId(stream::StreamOptions options, const std::string& run_id) {
  options.run_id = run_id;
  return options;
}

}  // namespace

// Refreshes the marts every so often until it ends, with a view of the lake of its own.
class Streaming::Refresher {
 public:
  Refresher(const Streaming& streaming)
      : lake_(streaming.lake_.options(), streaming.lake_.clock()),
        project_(streaming.project_),
        settings_(streaming.settings_),
        run_id_(streaming.run_id_),
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
    std::optional<lake::Writer> writer;
    try {
      writer.emplace(lake_, run_id_, lease_wait);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kUnavailable) throw;
      return false;  // Whoever holds the lease is at work on the lake; the next time, then.
    }
    model::RefreshEventMarts(*writer, project_);
    return true;
  }

  lake::Lake lake_;
  const model::Project& project_;
  const StreamingSettings& settings_;
  std::string run_id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

namespace {

lake::Lake& RequireWhole(lake::Lake& lake) {
  lake::RequireNoUnfinishedCopy(lake);
  return lake;
}

}  // namespace

Streaming::Streaming(lake::Lake& lake, const model::Project& project, const events::EventShape& shape,
                     stream::Stream::OpenSource open, StreamingSettings settings)
    : lake_(RequireWhole(lake)),
      project_(project),
      settings_(std::move(settings)),
      run_id_(NewRunId(lake.clock().Now())),
      stream_(std::make_unique<stream::Stream>(lake, shape, std::move(open), WithRunId(settings_.stream, run_id_))) {}

Streaming::~Streaming() = default;

StreamingReport Streaming::Run() {
  base::SetLogContext({run_id_, kCommand});
  base::Timestamp started_at = lake_.clock().Now();
  StreamingReport report;
  report.run_id = run_id_;
  try {
    Stream(report);
  } catch (const base::Error& error) {
    report.stream = stream_->report();
    // That it failed is worth a row, but never worth hiding why.
    try {
      Enter(started_at, report, error.message());
    } catch (const base::Error& second) {
      base::LogError("the failed run could not be entered in ops.runs", {{"why", second.message()}});
    }
    throw;
  }
  if (report.stream.batches > 0) Enter(started_at, report, "");
  return report;
}

void Streaming::Stream(StreamingReport& report) {
  Refresher refresher(*this);
  report.stream = stream_->Run();
  report.marts_are_fresh = refresher.Finish();
}

void Streaming::Enter(base::Timestamp started_at, const StreamingReport& report, const std::string& failure) {
  const auto& stream = report.stream;
  base::Json details = {{"loaded", stream.events},
                        {"dead_lettered", stream.dead_letters},
                        {"batches", stream.batches},
                        {"bytes", stream.bytes},
                        {"seconds", static_cast<double>(lake_.clock().Now().us - started_at.us) / 1e6}};
  RunEntry entry{kCommand, started_at, failure, 0, stream.messages, details};
  EnterRunWithoutLease(lake_, run_id_, entry);
}

void Streaming::Stop() { stream_->Stop(); }

stream::StreamReport Streaming::report() const { return stream_->report(); }

}  // namespace qlake::run
