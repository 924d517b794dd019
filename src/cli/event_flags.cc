#include "cli/event_flags.h"

#include <CLI/CLI.hpp>
#include <numeric>

#include "base/error.h"

namespace qlake::cli {

void AddEventFlags(CLI::App& command, EventFlags& flags) {
  command.add_option("--seed", flags.seed, "equal seeds give equal events [1]");
  command.add_option("--first", flags.first, "number of the first event, to go on where another run ended [0]");
  command.add_option("--bad", flags.bad,
                     "share of broken events of all kinds, 0.01, or of some kinds: no-json=0.01,deep-nesting=0.001; "
                     "kinds: no-json, no-object, missing-field, wrong-type, impossible-value, out-of-time, "
                     "duplicate-key, deep-nesting, bad-utf8, oversize [0]");
  command.add_option("--late", flags.late, "share of events that are minutes to a day older than the others [0]");
  command.add_option("--at-top", flags.at_top, "share of events with their fields at the top, not in metadata [0.2]");
  command.add_option("--drift-at", flags.drift_at, "new fields and a new type of event from this event on [none]");
  command.add_flag("--numbered", flags.numbered, "give each event its number, as \"sequence\"");
  command.add_option("--start", flags.start,
                     "time of the first event, such as 2023-05-20T14:00:00Z [so that the last "
                     "one is of now; with a rate, now]");
  command.add_option("--per-second", flags.per_second, "events a second by their own time [the rate, or else 1000]");
}

simulate::EventOptions EventOptionsOf(const EventFlags& flags, double per_second, base::Timestamp start) {
  if (flags.first < 0) throw base::InputError("--first must not be negative: {}", flags.first);
  if (flags.per_second < 0) throw base::InputError("--per-second must be above 0: {}", flags.per_second);
  simulate::EventOptions options;
  options.seed = flags.seed;
  options.numbered = flags.numbered;
  options.late = flags.late;
  options.at_top = flags.at_top;
  options.faults = simulate::ParseFaultShares(flags.bad);
  if (flags.drift_at >= 0) options.drift_at = flags.drift_at;
  options.events_a_second = flags.per_second > 0 ? flags.per_second : per_second;
  options.start = start;
  if (!flags.start.empty()) {
    auto given = base::ParseTimestamp(flags.start);
    if (!given) throw base::InputError("--start must look like 2023-05-20T14:00:00Z: {}", flags.start);
    options.start = *given;
  }
  // Event 0 lies before the first one by as many as are left out.
  options.start.us -= static_cast<int64_t>(static_cast<double>(flags.first) * 1e6 / options.events_a_second);
  return options;
}

void EventCounts::Add(const simulate::SimulatedEvent& event) {
  ++events;
  late += event.is_late ? 1 : 0;
  bytes += static_cast<int64_t>(event.text.size());
  if (event.fault) ++broken[static_cast<size_t>(*event.fault)];
}

int64_t EventCounts::broken_in_all() const { return std::accumulate(broken.begin(), broken.end(), int64_t{0}); }

}  // namespace qlake::cli
