#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "simulate/events.h"

namespace CLI {
class App;
}

namespace qlake::cli {

// What `produce` and `simulate events` ask alike: which events there shall be.
struct EventFlags {
  uint64_t seed = 1;
  int64_t first = 0;
  int64_t drift_at = -1;
  double late = 0;
  double at_top = 0.2;
  double per_second = 0;  // 0: as the command says.
  bool numbered = false;
  std::string bad = "0";
  std::string start;  // Empty: as the command says.
};
void AddEventFlags(CLI::App& command, EventFlags& flags);

// `per_second` and `start` (of the event that comes first) count where the flags leave them open. Throws Error{kInput}.
simulate::EventOptions EventOptionsOf(const EventFlags& flags, double per_second, base::Timestamp start);

// How many there were of what.
struct EventCounts {
  int64_t events = 0;
  int64_t late = 0;
  int64_t bytes = 0;
  std::array<int64_t, simulate::kFaults> broken{};  // By simulate::Fault.

  void Add(const simulate::SimulatedEvent& event);
  int64_t broken_in_all() const;
};

}  // namespace qlake::cli
