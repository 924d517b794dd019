#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "events/event_shape.h"

namespace qlake::events {

// The value of one column: nothing, a text, or a number (a boolean as 0 or 1, a decimal unscaled, a time in us).
struct EventCell {
  enum class State : uint8_t { kAbsent, kText, kNumber };
  State state = State::kAbsent;
  std::string_view text;
  int64_t number = 0;
};

// A field that the contract does not know.
struct UnknownField {
  std::string name;       // "voucher", "metadata.screen"
  const char* json_type;  // string, number, boolean, object, array, null
};

// What became of one message. Texts live until the decoder's next call.
struct DecodedEvent {
  std::vector<EventCell> cells;  // One per column of the shape. Those that broke a rule are absent.
  std::string rest;              // What the contract does not know, a JSON object; empty: nothing.
  std::vector<UnknownField> unknown;
  std::vector<std::string> reasons;  // Why it is no good event, all of them; empty: it is one.
  bool is_json_object = false;
};

// Judges messages by a contract and takes them apart. Reads every byte of a message: what it accepts is JSON (RFC 8259,
// UTF-8). Not thread-safe.
class EventDecoder {
 public:
  explicit EventDecoder(const EventShape& shape);
  ~EventDecoder();
  EventDecoder(const EventDecoder&) = delete;
  EventDecoder& operator=(const EventDecoder&) = delete;

  const EventShape& shape() const { return shape_; }

  // `taken_in`: the broker's time of the message.
  const DecodedEvent& Decode(std::string_view message, base::Timestamp taken_in);

 private:
  class Parser;

  const EventShape shape_;
  std::unique_ptr<Parser> parser_;
};

// "2023-12-28T10:15:00" with or without a fraction of up to six digits and a zone (Z, +02:00); without one it is local
// to `zone_offset_us`. Nothing when it is no such time.
std::optional<int64_t> ParseEventTime(std::string_view text, int64_t zone_offset_us);

}  // namespace qlake::events
