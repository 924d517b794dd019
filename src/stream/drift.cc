#include "stream/drift.h"

#include <algorithm>

#include "base/log.h"

namespace qlake::stream {
namespace {

// A producer that makes field names of values must not fill ops.drift, nor our memory.
constexpr size_t kKnownMax = 10'000;

}  // namespace

void KnownDrift::Add(const std::string& kind, const std::string& event_type, const std::string& name,
                     const std::string& json_type) {
  if (kind == "event_type") known_types_.insert(event_type);
  known_.emplace(kind, event_type, name, json_type);
}

std::vector<DriftRecord> KnownDrift::FindNew(const events::EventShape& shape, const events::DecodedEvent& event,
                                             const Message& message) {
  std::vector<DriftRecord> found;
  std::string_view type = event.cells[shape.type_column].text;
  auto note = [&](const std::string& kind, const std::string& name, const std::string& json_type) {
    if (known_.size() >= kKnownMax) {
      if (!std::exchange(warned_, true)) base::LogWarn("more drift is no longer recorded", {{"known", kKnownMax}});
      return;
    }
    if (!known_.emplace(kind, std::string(type), name, json_type).second) return;
    found.push_back({kind, std::string(type), name, json_type, message.partition, message.offset});
  };
  const auto& types = shape.known_types;
  bool is_new_type = !types.empty() && std::find(types.begin(), types.end(), type) == types.end();
  if (is_new_type && !known_types_.contains(type) && known_types_.size() < kKnownMax) {
    note("event_type", shape.columns[shape.type_column].name, "string");
    known_types_.emplace(type);
  }
  for (const auto& field : event.unknown) note("field", field.name, field.json_type);
  return found;
}

}  // namespace qlake::stream
