#include <CLI/CLI.hpp>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/event_flags.h"
#include "simulate/drop_file.h"
#include "simulate/drops.h"
#include "simulate/events.h"

namespace qlake::cli {
namespace {

struct Options {
  simulate::DropOptions drops;
  std::string out = "landing";
  std::string start;
  std::string dates = "spread";
  std::string phase = "both";
  int64_t drift_at = -1;
};

// The last of the drops is this hour's, unless --start says otherwise.
base::Hour StartOf(const Options& options, const base::Clock& clock) {
  if (options.start.empty()) return {base::HourOf(clock.Now()).hours - options.drops.hours + 1};
  auto start = base::ParseHour(options.start);
  if (!start) throw base::InputError("--start must look like 2023-05-20T14: {}", options.start);
  return *start;
}

int64_t DaysOf(const std::string& dates) {
  int64_t days = 0;
  const char* end = dates.data() + dates.size();
  auto [last, error] = std::from_chars(dates.data(), end, days);
  if (error != std::errc() || last != end || days < 1 || days > simulate::kSpreadDaysMax) {
    throw base::InputError("--dates must be spread, recent or a number of days from 1 to {}: {}",
                           simulate::kSpreadDaysMax, dates);
  }
  return days;
}

int Execute(Context& context, const Options& options) {
  simulate::DropOptions drops = options.drops;
  drops.start = StartOf(options, context.clock);
  drops.recent_dates = options.dates == "recent";
  if (!drops.recent_dates && options.dates != "spread") drops.spread_days = DaysOf(options.dates);
  if (options.drift_at >= 0) drops.drift_at = options.drift_at;
  simulate::DropReport total;
  auto write = [&](simulate::Phase phase) {
    auto report = simulate::WriteDrops(options.out, drops, phase);
    total.files += report.files;
    total.rows += report.rows;
    total.transactions += report.transactions;
    total.repeated += report.repeated;
    total.broken += report.broken;
    total.bytes += report.bytes;
  };
  if (options.phase != "both" && options.phase != "initial" && options.phase != "followup") {
    throw base::InputError("--phase must be both, initial or followup: {}", options.phase);
  }
  if (options.phase != "followup") write(simulate::Phase::kInitial);
  if (options.phase != "initial") write(simulate::Phase::kFollowup);
  if (context.json) {
    context.out << base::Json({{"folder", options.out},
                               {"files", total.files},
                               {"rows", total.rows},
                               {"transactions", total.transactions},
                               {"repeated", total.repeated},
                               {"broken", total.broken},
                               {"bytes", total.bytes}})
                       .dump()
                << "\n";
  } else {
    context.out << total.files << " files in " << options.out << ": " << total.rows << " rows, of these "
                << total.transactions << " transactions (" << total.repeated << " repeated, " << total.broken
                << " broken), " << total.bytes << " bytes\n";
  }
  return kExitDone;
}

struct EventsOptions {
  EventFlags events;
  std::string out = "events.jsonl";
  int64_t count = 10'000;
};

int ExecuteEvents(Context& context, const EventsOptions& options) {
  constexpr double kEventsPerSecond = 1000;
  if (options.count < 0) throw base::InputError("--count must not be negative: {}", options.count);
  const double per_second = options.events.per_second > 0 ? options.events.per_second : kEventsPerSecond;
  base::Timestamp start = context.clock.Now();
  start.us -= static_cast<int64_t>(static_cast<double>(options.count) * 1e6 / per_second);
  simulate::EventGenerator generator(EventOptionsOf(options.events, per_second, start));
  simulate::DropFile file(std::filesystem::absolute(options.out));
  EventCounts counts;
  for (int64_t i = 0; i < options.count; ++i) {
    auto event = generator.Make(options.events.first + i);
    file.PutLine(event.text);
    counts.Add(event);
  }
  file.Finish();
  if (context.json) {
    context.out << base::Json({{"file", options.out},
                               {"events", counts.events},
                               {"broken", counts.broken_in_all()},
                               {"late", counts.late},
                               {"bytes", file.bytes()}})
                       .dump()
                << "\n";
  } else {
    context.out << counts.events << " events in " << options.out << " (" << counts.broken_in_all() << " broken, "
                << counts.late << " late), " << file.bytes() << " bytes\n";
  }
  return kExitDone;
}

void AddSimulateEvents(CLI::App& simulate, CommandLine& line) {
  auto& command = line.Add(simulate, "events", "Events of the shop's app, as a file of JSON lines", {},
                           "  qlake simulate events --out events.jsonl --count 100000 --seed 7\n"
                           "  qlake simulate events --out events.jsonl --start 2023-05-20T08:00:00Z --per-second 20 "
                           "--bad 0.01 --late 0.05");
  auto options = std::make_shared<EventsOptions>();
  command.add_option("--out", options->out, "file to write [events.jsonl]");
  command.add_option("--count", options->count, "how many [10000]");
  AddEventFlags(command, options->events);
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return ExecuteEvents(context, *options); }; });
}

}  // namespace

void AddSimulate(CLI::App& app, CommandLine& line) {
  CLI::App& simulate = *app.add_subcommand("simulate", "Write data like the real source's, at any size");
  simulate.require_subcommand(1);
  simulate.footer(
      "Examples:\n  qlake simulate drops --out landing --hours 24 --rows 1500\n"
      "  qlake simulate events --out events.jsonl --count 10000");
  AddSimulateEvents(simulate, line);
  auto& command = line.Add(
      simulate, "drops", "Hourly drops of branches, sales agents and sales transactions", {},
      "  qlake simulate drops --out landing --hours 4 --rows 1500 --seed 7\n"
      "  qlake simulate drops --out landing --hours 24 --late 2 --correct 1 --phase initial   # then --phase followup");
  auto options = std::make_shared<Options>();
  auto& drops = options->drops;
  command.add_option("--out", options->out, "landing zone to write to [landing]");
  command.add_option("--hours", drops.hours, "hours, a drop each [4]");
  command.add_option("--rows", drops.rows, "transactions an hour [1500]");
  command.add_option("--seed", drops.seed, "equal seeds write equal bytes [1]");
  command.add_option("--start", options->start, "first data hour [so that the last one is this hour]");
  command.add_option("--dirty", drops.dirty, "share of broken transactions, 0 to 1 [0.01]");
  command.add_option("--dates", options->dates,
                     "transaction dates: spread (two years), recent (the last days), or over how many days [spread]");
  command.add_option("--late", drops.late, "hours that arrive in the follow-up [0]");
  command.add_option("--missing", drops.missing, "files that never arrive [0]");
  command.add_option("--correct", drops.correct, "files that the follow-up corrects [0]");
  command.add_option("--drift-at", options->drift_at, "two new columns from this hour on, 0 is the first [none]");
  command.add_option("--phase", options->phase, "initial, followup or both [both]");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
