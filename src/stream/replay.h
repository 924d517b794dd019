#pragma once

#include <optional>
#include <string>

#include "events/event_shape.h"
#include "kafka/schema_registry.h"
#include "lake/writer.h"

namespace qlake::stream {

inline constexpr const char* kReplayApp = "qlake.replay";

struct ReplayOptions {
  // A file of JSON lines {"partition": 0, "offset": 17, "event": {...}}, with "topic" where several topics were
  // streamed: only these dead letters are put back, with these events. Empty: all whose own bytes pass the contract of
  // today.
  std::string corrected_file;
  std::optional<kafka::SchemaRegistryOptions> registry = {};  // For dead letters that carry a schema's id.
  size_t rows_max = 200'000;                                  // That one commit puts back.
};

struct ReplayReport {
  int64_t judged = 0;
  int64_t replayed = 0;
  std::vector<std::string> refused;  // Of corrected events: which, and why.
};

// Puts corrected dead letters into events.<name>, each once, under their own topic, partition and offset; the dead
// letter stays where it is, and what was put back carries _replayed_at. A crash leaves some put back, and the next call
// the rest. Only offsets that the stream has passed for good are touched. Throws Error{kInput} with file and line on a
// corrected file that is wrong, before anything is written.
ReplayReport Replay(lake::Writer& writer, const events::EventShape& shape, const ReplayOptions& options);

}  // namespace qlake::stream
