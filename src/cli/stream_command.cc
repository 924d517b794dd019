#include <CLI/CLI.hpp>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/kafka_settings.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "cli/quantity.h"
#include "cli/registry_settings.h"
#include "run/streaming.h"
#include "stream/file_source.h"
#include "stream/kafka_source.h"
#include "stream/spark_stream.h"

namespace qlake::cli {
namespace {

// A last batch, and the marts of it, are worth more time than Ctrl-C leaves other commands.
constexpr std::chrono::milliseconds kTidyUp{20'000};

// Of the memory, what the client's queue, the batch that is filled and the one that is written may take.
constexpr uint64_t kBatchesBytes = uint64_t{320} << 20;
constexpr uint64_t kMemoryDefault = uint64_t{512} << 20;
constexpr uint64_t kEngineBytesMin = uint64_t{128} << 20;

struct Options {
  std::string file;
  std::string instance;
  bool until_idle = false;
  std::string run_for;
  int64_t batch_messages = 250'000;
  std::string batch_bytes = "64MiB";
  std::string batch_age = "1s";
  std::string refresh_every = "30s";
  double bad_share_max = 0.5;
};

std::chrono::milliseconds RequireDuration(const std::string& flag, const std::string& text) {
  auto duration = ParseDuration(text);
  if (!duration) throw base::InputError("{} must be a duration such as 500ms, 30s or 5m: {}", flag, text);
  return *duration;
}

run::StreamingSettings SettingsOf(const Context& context, const Options& options) {
  run::StreamingSettings settings;
  auto& stream = settings.stream;
  auto bytes = ParseSize(options.batch_bytes);
  if (!bytes || *bytes == 0)
    throw base::InputError("--batch-bytes must be a size such as 64MiB: {}", options.batch_bytes);
  if (options.batch_messages < 1)
    throw base::InputError("--batch-messages must be at least 1: {}", options.batch_messages);
  if (options.bad_share_max < 0 || options.bad_share_max > 1) {
    throw base::InputError("--bad-share-max must be a share from 0 to 1: {}", options.bad_share_max);
  }
  stream.batch_bytes_max = *bytes;
  stream.batch_messages_max = static_cast<size_t>(options.batch_messages);
  stream.batch_age_max = RequireDuration("--batch-age", options.batch_age);
  stream.bad_share_max = options.bad_share_max;
  stream.until_idle = options.until_idle;
  if (!options.run_for.empty()) stream.run_for = RequireDuration("--for", options.run_for);
  settings.refresh_every = RequireDuration("--refresh-every", options.refresh_every);
  settings.lease_wait = context.settings.lease_wait;
  settings.free_bytes_min = context.settings.Bytes("disk.free_min");
  return settings;
}

kafka::ConsumerOptions ConsumerOptionsOf(const Context& context, const Options& options) {
  kafka::ConsumerOptions consumer;
  consumer.connection = KafkaConnectionOf(context.settings);
  consumer.topic = context.settings.all.at("kafka.topic").value;
  consumer.group = context.settings.all.at("kafka.group").value;
  consumer.instance = options.instance;
  return consumer;
}

// What is left for the engine that refreshes the marts. A stream runs beside others all day: unless told otherwise, it
// takes less than a batch job.
uint64_t EngineBytes(const Settings& settings) {
  uint64_t memory = settings.all.at("memory").origin == "default" ? kMemoryDefault : settings.memory_bytes;
  return std::max(kEngineBytesMin, memory - std::min(memory, kBatchesBytes));
}

const events::EventShape& OnlyShape(const model::Project& project) {
  if (project.events().size() == 1) return project.events().front();
  throw base::InputError(
      "the project must have one contract of events, events/app_events.toml; it has {}: write it out with qlake init",
      project.events().size());
}

void Print(Context& context, const run::StreamingReport& report) {
  const auto& stream = report.stream;
  if (context.json) {
    base::Json json = {{"run_id", report.run_id},     {"messages", stream.messages},
                       {"loaded", stream.events},     {"dead_lettered", stream.dead_letters},
                       {"batches", stream.batches},   {"bytes", stream.bytes},
                       {"restarts", stream.restarts}, {"marts_are_fresh", report.marts_are_fresh}};
    context.out << json.dump() << "\n";
    return;
  }
  context.out << fmt::format("stream: {} messages = {} loaded + {} dead letters, in {} batches{}\n", stream.messages,
                             stream.events, stream.dead_letters, stream.batches,
                             report.marts_are_fresh ? "" : "; the marts wait for qlake process");
}

int Execute(Context& context, const Options& options) {
  auto settings = SettingsOf(context, options);
  auto project = context.LoadProject();
  const auto& shape = OnlyShape(project);
  context.settings.memory_bytes = EngineBytes(context.settings);
  OpenLake lake(context, IfAbsent::kCreate);
  kafka::ConsumerOptions consumer;
  std::optional<spark::Connection> spark;
  if (options.file.empty()) {
    consumer = ConsumerOptionsOf(context, options);
    settings.stream.registry = RegistryOf(context.settings);
    spark = SparkConnectionOf(context);
  }
  if (spark && settings.stream.registry) {
    throw base::InputError(
        "a stream on Spark asks no schema registry: leave registry.url unset, or use --engine duckdb");
  }
  auto open = [&](stream::PartitionOwner& owner) -> std::unique_ptr<stream::MessageSource> {
    if (options.file.empty()) return std::make_unique<stream::KafkaSource>(consumer, context.clock, owner);
    return std::make_unique<stream::FileSource>(options.file, context.clock, owner);
  };
  auto make = [&](const events::EventShape& events,
                  stream::StreamOptions stream) -> std::unique_ptr<stream::EventStream> {
    if (spark) {
      return std::make_unique<stream::SparkStream>(*lake, events, stream::SparkStreamOptions{*spark, consumer},
                                                   std::move(stream));
    }
    return std::make_unique<stream::Stream>(*lake, events, open, std::move(stream));
  };
  run::Streaming streaming(*lake, project, shape, make, settings);
  run::StreamingReport report;
  {
    Progress progress(Progress::StyleOf(context.quiet), [&streaming] {
      auto done = streaming.report();
      return engine::ScanProgress{done.bytes, 0, done.messages};
    });
    progress.Stage("streaming");
    Interrupts::Scope scope(
        context.interrupts, [&streaming] { streaming.Stop(); }, kTidyUp);
    report = streaming.Run();
  }
  Print(context, report);
  return kExitDone;
}

}  // namespace

void AddStream(CLI::App& app, CommandLine& line) {
  std::vector<std::string> keys = {"project",       "lake",        "memory",     "lease_wait",
                                   "disk.free_min", "kafka.topic", "kafka.group"};
  keys.insert(keys.end(), KafkaConnectionKeys().begin(), KafkaConnectionKeys().end());
  keys.insert(keys.end(), RegistryKeys().begin(), RegistryKeys().end());
  auto& command = line.Add(app, "stream",
                           "Bring events into app_events, each exactly once, and keep their marts up to date; Ctrl-C "
                           "commits what has been read",
                           WithHdfsKeys(WithEngineKeys(keys)),
                           "  qlake stream --brokers localhost:9092 --topic app-events --lake lake\n"
                           "  qlake stream --brokers localhost:9092 --registry http://localhost:8081\n"
                           "  qlake stream --from-file events.jsonl --until-idle --lake lake\n"
                           "  qlake stream --from-file events.jsonl --for 60s --batch-age 500ms\n"
                           "  qlake stream --memory 1GiB        # 512MiB, unless told otherwise\n"
                           "  qlake stream --engine spark --spark-connect sc://127.0.0.1:15002 --for 60s");
  auto options = std::make_shared<Options>();
  command.add_option("--from-file", options->file, "a file of JSON lines, which may grow");
  command.add_option("--instance", options->instance,
                     "name of this instance in its group: one that died and came back has its partitions at once");
  command.add_flag("--until-idle", options->until_idle,
                   "end when everything that there is has been read, or others of the group read it");
  command.add_option("--for", options->run_for, "end after that time, such as 60s [never]");
  command.add_option("--batch-messages", options->batch_messages, "write a batch at so many messages [250000]");
  command.add_option("--batch-bytes", options->batch_bytes, "or so many bytes of them [64MiB]");
  command.add_option("--batch-age", options->batch_age, "or when its first message came so long ago [1s]");
  command.add_option("--refresh-every", options->refresh_every, "how often the marts are refreshed [30s]");
  command.add_option("--bad-share-max", options->bad_share_max,
                     "stop when more than that share of a batch, and at least 100 messages of it, are bad [0.5]");
  command.callback([&line, options] {
    line.computes = false;  // On HDFS without Spark, too.
    line.command = [options](Context& context) { return Execute(context, *options); };
  });
}

}  // namespace qlake::cli
