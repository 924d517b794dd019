#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "simulate/event_draft.h"
#include "simulate/event_fault.h"

// Events like those of the shop's app, any of them by its number: the same options give the same bytes, on every
// machine, in whatever order they are asked for.
namespace qlake::simulate {

struct EventOptions {
  uint64_t seed = 1;
  base::Timestamp start;            // Of event 0, by its own time.
  double events_a_second = 1000;    // Of the events' own time.
  bool numbered = false;            // Each carries its number, as "sequence".
  double late = 0;                  // Share of the events that are two minutes to a day older than those around them.
  double at_top = 0.2;              // Share that has its fields beside the common ones, not in metadata.
  FaultShares faults{};             // Share of the events that are broken, by kind.
  std::optional<int64_t> drift_at;  // From this event on there are new fields, and events of a new type.
};

struct SimulatedEvent {
  std::string_view key;   // The customer.
  std::string_view text;  // One line, of JSON unless it is broken. Both live until the next Make.
  std::optional<Fault> fault;
  bool is_late = false;
};

// What the events tell: over a hundred customers at a time visit the shop, for eight events each. They look at
// products, put some of them into their carts, buy some of these, and click on recommendations, so that views, carts
// and purchases of one customer and product belong together. Some products are much more popular than others.
//
//   {"eventType":"purchase","customerId":"14031","productId":"1007","timestamp":"2023-05-20T14:03:07",
//    "metadata":{"quantity":2,"totalAmount":49.90,"paymentMethod":"PayPal"}}
//
// Not thread-safe.
class EventGenerator {
 public:
  // Throws Error{kInput} for options that make no sense.
  explicit EventGenerator(const EventOptions& options);

  SimulatedEvent Make(int64_t number);  // REQUIRES: number >= 0.

 private:
  std::optional<Fault> ChooseFault(Random& random) const;
  void PutTime(int64_t time_us);
  void PutDrift(Random& random);

  const EventOptions options_;
  double faults_ = 0;  // Share of all kinds together.
  EventDraft draft_;
  std::string key_;
  std::string text_;
  int64_t second_ = 0;  // Of the time in time_text_, while that is not empty.
  std::string time_text_;
};

}  // namespace qlake::simulate
