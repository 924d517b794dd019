#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/event_flags.h"
#include "cli/event_sink.h"
#include "cli/kafka_settings.h"
#include "cli/live_line.h"
#include "cli/quantity.h"
#include "cli/registry_settings.h"
#include "kafka/cluster.h"
#include "simulate/event_schema.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::seconds kFlush{10};  // After Ctrl-C, for events that the broker has yet to acknowledge.

using SteadyClock = std::chrono::steady_clock;

constexpr double kEventsPerSecond = 1000;
constexpr std::chrono::milliseconds kTick{10};  // A rate is kept by sending what is due this often.
constexpr int64_t kEventsBetweenLooks = 4096;   // At the clock and at Ctrl-C.

struct Options {
  EventFlags events;
  int64_t count = 0;
  double rate = kEventsPerSecond;
  std::string run_for;
  std::string file;
  int partitions = 0;
  std::string compression = "lz4";
};

// Sends events until there are enough of them, the time is over, or it is told to stop.
class Production {
 public:
  Production(const Options& options, simulate::EventGenerator& generator, EventSink& sink)
      : options_(options), generator_(generator), sink_(sink) {
    if (!options.run_for.empty()) {
      auto duration = ParseDuration(options.run_for);
      if (!duration) throw base::InputError("--for must be a duration such as 500ms, 30s or 5m: {}", options.run_for);
      until_ = began_ + *duration;
    }
  }

  void Run() {
    while (!stopped_ && !IsOver()) {
      const int64_t due = Due();
      for (int64_t i = 0; i < due; ++i) SendNext();
      events_ = counts_.events;
      bytes_ = counts_.bytes;
      if (due == kEventsBetweenLooks) continue;
      sink_.HandOn();
      std::this_thread::sleep_for(kTick);
    }
    sink_.Flush();
  }

  void Stop() { stopped_ = true; }

  std::string Describe() const {
    const int64_t events = events_;
    std::string line = fmt::format("producing: {} events, {} events/s, {}/s", FormatCount(events),
                                   FormatCount(static_cast<int64_t>(static_cast<double>(events) / Seconds())),
                                   FormatBytes(static_cast<uint64_t>(static_cast<double>(bytes_) / Seconds())));
    if (options_.count > 0 && events > 0) {
      double left = Seconds() * static_cast<double>(options_.count - events) / static_cast<double>(events);
      line += ", " + FormatSeconds(left) + " left";
    }
    return line;
  }

  const EventCounts& counts() const { return counts_; }
  double Seconds() const { return std::max(std::chrono::duration<double>(SteadyClock::now() - began_).count(), 0.001); }

 private:
  bool IsOver() const {
    return (options_.count > 0 && counts_.events >= options_.count) || (until_ && SteadyClock::now() >= *until_);
  }

  // At most kEventsBetweenLooks.
  int64_t Due() const {
    int64_t due = kEventsBetweenLooks;
    if (options_.rate > 0) due = static_cast<int64_t>(Seconds() * options_.rate) - counts_.events;
    if (options_.count > 0) due = std::min(due, options_.count - counts_.events);
    return std::min(due, kEventsBetweenLooks);
  }

  void SendNext() {
    auto event = generator_.Make(options_.events.first + counts_.events);
    sink_.Send(event.key, event.text);
    counts_.Add(event);
  }

  const Options& options_;
  simulate::EventGenerator& generator_;
  EventSink& sink_;
  const SteadyClock::time_point began_ = SteadyClock::now();
  std::optional<SteadyClock::time_point> until_;
  EventCounts counts_;
  std::atomic<int64_t> events_ = 0;  // Of counts_, for the live line.
  std::atomic<int64_t> bytes_ = 0;
  std::atomic<bool> stopped_ = false;
};

std::unique_ptr<EventSink> OpenSink(const Context& context, const Options& options) {
  if (!options.file.empty()) return AppendToFile(options.file);
  kafka::ProducerOptions producer;
  producer.connection = KafkaConnectionOf(context.settings);
  producer.topic = context.settings.all.at("kafka.topic").value;
  producer.compression = options.compression;
  if (options.partitions > 0) {
    kafka::Cluster(producer.connection)
        .CreateTopic(producer.topic, options.partitions, {{"message.timestamp.type", "LogAppendTime"}});
  }
  std::optional<int32_t> schema_id;
  if (auto registry = RegistryOf(context.settings)) {
    // The subject that Confluent's serializers would take.
    schema_id =
        kafka::SchemaRegistry(*registry).Register(producer.topic + "-value", {"JSON", simulate::kEventJsonSchema});
  }
  return SendToTopic(producer, schema_id);
}

void CheckOptions(const Options& options) {
  if (options.count < 0) throw base::InputError("--count must not be negative: {}", options.count);
  if (!(options.rate >= 0)) throw base::InputError("--rate must not be negative: {}", options.rate);
  if (options.partitions < 0) throw base::InputError("--partitions must not be negative: {}", options.partitions);
  const std::vector<std::string> codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
  if (std::ranges::find(codecs, options.compression) == codecs.end()) {
    throw base::InputError("--compression must be none, gzip, snappy, lz4 or zstd: {}", options.compression);
  }
}

simulate::EventOptions EventOptionsOf(const Context& context, const Options& options) {
  if (options.rate > 0) return EventOptionsOf(options.events, options.rate, context.clock.Now());
  // As fast as it goes, the times must not run ahead of the clock: the last event is of now.
  const double per_second = options.events.per_second > 0 ? options.events.per_second : kEventsPerSecond;
  base::Timestamp start = context.clock.Now();
  start.us -= static_cast<int64_t>(static_cast<double>(options.count) * 1e6 / per_second);
  return EventOptionsOf(options.events, per_second, start);
}

void Print(Context& context, const std::string& sink, const Production& production, double seconds) {
  const EventCounts& counts = production.counts();
  auto per_second = static_cast<int64_t>(static_cast<double>(counts.events) / seconds);
  if (context.json) {
    base::Json json = {{"to", sink},
                       {"events", counts.events},
                       {"broken", counts.broken_in_all()},
                       {"late", counts.late},
                       {"bytes", counts.bytes},
                       {"seconds", seconds},
                       {"events_per_second", per_second}};
    for (size_t i = 0; i < simulate::kFaults; ++i) {
      if (counts.broken[i] > 0) json["broken_by_kind"][std::string(simulate::kFaultNames[i])] = counts.broken[i];
    }
    context.out << json.dump() << "\n";
    return;
  }
  context.out << fmt::format("produce: {} events to {} ({} broken, {} late), {} in {}, {} events/s\n",
                             FormatCount(counts.events), sink, FormatCount(counts.broken_in_all()),
                             FormatCount(counts.late), FormatBytes(static_cast<uint64_t>(counts.bytes)),
                             FormatSeconds(seconds), FormatCount(per_second));
}

int Execute(Context& context, const Options& options) {
  CheckOptions(options);
  simulate::EventGenerator generator(EventOptionsOf(context, options));
  auto sink = OpenSink(context, options);
  Production production(options, generator, *sink);
  {
    LiveLine line(ProgressStyleOf(context.quiet), [&] { return production.Describe(); });
    // An app that is stopped has not failed; what it has sent is waited for.
    Interrupts::Scope scope(
        context.interrupts, [&] { production.Stop(); }, kFlush);
    production.Run();
  }
  Print(context, sink->Name(), production, production.Seconds());
  return kExitDone;
}

}  // namespace

void AddProduce(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys = KafkaConnectionKeys();
  keys.push_back("kafka.topic");
  keys.insert(keys.end(), RegistryKeys().begin(), RegistryKeys().end());
  auto& command = line.Add(
      app, "produce", "Send events like those of the shop's app to Kafka, keyed by customer, until Ctrl-C", keys,
      "  qlake produce --brokers 127.0.0.1:9092 --topic app-events --partitions 4\n"
      "  qlake produce --brokers 127.0.0.1:9092 --rate 0 --count 1000000 --seed 7 --bad 0.001 --late 0.02\n"
      "  qlake produce --brokers 127.0.0.1:9092 --registry http://127.0.0.1:8081    # with the id of their JSON "
      "Schema\n"
      "  qlake produce --to-file events.jsonl --rate 100 --for 60s");
  auto options = std::make_shared<Options>();
  command.add_option("--rate", options->rate, "events a second; 0: as fast as it goes [1000]");
  command.add_option("--count", options->count, "end after so many events; 0: never [0]");
  command.add_option("--for", options->run_for, "end after that time, such as 60s [never]");
  command.add_option("--to-file", options->file, "append them to a file of JSON lines instead, without Kafka");
  command.add_option("--partitions", options->partitions,
                     "make the topic, if there is none, with so many partitions and the broker's times [0: do not]");
  command.add_option("--compression", options->compression, "none, gzip, snappy, lz4 or zstd [lz4]");
  AddEventFlags(command, options->events);
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
