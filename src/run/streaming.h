#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lake/lake.h"
#include "model/project.h"
#include "stream/stream.h"

namespace qlake::run {

struct StreamingSettings {
  stream::StreamOptions stream;
  std::chrono::milliseconds refresh_every{30'000};  // Of the marts of events; and once at the end.
  std::chrono::milliseconds lease_wait{10'000};     // For the refresh at the end: others are left out when it is taken.
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
  Streaming(lake::Lake& lake, const model::Project& project, const events::EventShape& shape,
            stream::Stream::OpenSource open, StreamingSettings settings);
  ~Streaming();

  // Enters itself in ops.runs when it wrote something or failed. Throws what the stream throws. A refresh that fails is
  // logged, and tried again.
  StreamingReport Run();

  void Stop();                          // From any thread: what has been read is committed.
  stream::StreamReport report() const;  // From any thread.

 private:
  class Refresher;

  void Stream(StreamingReport& report);
  void Enter(base::Timestamp started_at, const StreamingReport& report, const std::string& failure);

  lake::Lake& lake_;
  const model::Project& project_;
  StreamingSettings settings_;
  std::string run_id_;
  std::unique_ptr<stream::Stream> stream_;
};

}  // namespace qlake::run
