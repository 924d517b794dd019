#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lake/lake.h"
#include "model/project.h"
#include "stream/stream.h"

namespace qlake::run {

class OpenRunNote;
class RunRecord;
struct StepRecord;

struct StreamingSettings {
  stream::StreamOptions stream;
  std::chrono::milliseconds refresh_every{30'000};  // Of the marts of events; and once at the end.
  std::chrono::milliseconds lease_wait{10'000};     // For the refresh at the end: others are left out when it is taken.
  uint64_t free_bytes_min = 0;                      // Of the lake's disk, before each batch; less ends the stream.
};

struct StreamingReport {
  stream::StreamReport stream;
  std::string run_id;
  bool marts_are_fresh = false;  // False: another qlake held the lease at the end; its process or run refreshes them.
};

// A stream, and beside it the marts of what it loads, refreshed now and then by a thread and an engine of their own, so
// that neither waits for the other. The lake's lease is held during a refresh only.
class Streaming {
 public:
  using MakeStream = std::function<std::unique_ptr<stream::EventStream>(const events::EventShape& shape,
                                                                        stream::StreamOptions options)>;

  // `make` is called once, over the same lake.
  Streaming(lake::Lake& lake, const model::Project& project, const events::EventShape& shape, const MakeStream& make,
            StreamingSettings settings);
  ~Streaming();

  // Enters itself in ops.runs when it wrote something or failed. Throws what the stream throws. A refresh that fails is
  // logged, and tried again.
  StreamingReport Run();

  void Stop();                          // From any thread: what has been read is committed.
  stream::StreamReport report() const;  // From any thread.

 private:
  class Refresher;

  void StreamInto(StepRecord& step, StreamingReport& report, OpenRunNote& note);
  void Account(StepRecord& step, const StreamingReport& report, const lake::TableVersions& before);
  lake::TableVersions Versions();
  void Enter(base::Timestamp started_at, const StreamingReport& report, const RunRecord& steps,
             const std::string& failure);

  lake::Lake& lake_;
  const model::Project& project_;
  StreamingSettings settings_;
  std::string run_id_;
  events::EventShape shape_;
  std::unique_ptr<stream::EventStream> stream_;
};

}  // namespace qlake::run
