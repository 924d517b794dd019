#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "events/event_decoder.h"
#include "stream/message_source.h"

namespace qlake::stream {

// A row of ops.drift: something of an event that its contract does not know, where it was seen first.
struct DriftRecord {
  std::string kind;  // field, event_type
  std::string event_type;
  std::string name;  // Of the field.
  std::string json_type;
  int32_t partition = 0;
  int64_t offset = 0;
};

// What of the drift is on record, so that each thing is recorded once. Not thread-safe.
class KnownDrift {
 public:
  void Add(const std::string& kind, const std::string& event_type, const std::string& name,
           const std::string& json_type);

  // What the event has that is new; it is known from now on.
  std::vector<DriftRecord> FindNew(const events::EventShape& shape, const events::DecodedEvent& event,
                                   const Message& message);

 private:
  std::set<std::tuple<std::string, std::string, std::string, std::string>> known_;
  std::set<std::string, std::less<>> known_types_;
  bool warned_ = false;
};

}  // namespace qlake::stream
