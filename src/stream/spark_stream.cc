#include "stream/spark_stream.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "engine/spark/session_config.h"
#include "engine/spark/spark_files.h"
#include "events/rule_sql.h"
#include "spark/session.h"
#include "stream/event_tables.h"
#include "stream/kafka_source.h"
#include "stream/spark_kafka_source.h"
#include "stream/spark_outbox.h"
#include "stream/spark_stint.h"

namespace qlake::stream {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using engine::Backquote;
using events::SparkLiteral;
using Kind = base::ColumnType::Kind;
using Ranges = EventTables::Ranges;

constexpr auto kLook = 200ms;  // How often the outboxes are looked at,
constexpr auto kAsk = 1000ms;  // and the queries asked how they are.
constexpr auto kRestartWait = 1000ms;
constexpr auto kAwayMax = 180s;  // A server that was there is waited for so long, and queries are started anew.
constexpr const char* kMessages = "qlake_messages";
constexpr int64_t kDeadLetterBytesMax = int64_t{16} << 20;  // As EventBatch keeps them.

std::map<std::string, std::string> ConfigOfStream() {
  auto config = engine::SessionConfig();
  // Batches that are done are known by their notes, which shall not go before they were read.
  config["spark.sql.streaming.minBatchesToRetain"] = "1000";
  return config;
}

bool IsOfPartition(const lake::TableSchema& schema, const std::string& column) {
  return std::ranges::find(schema.partition_columns, column) != schema.partition_columns.end();
}

// Before the query starts, so that types and statistics are as in the table that the files are for.
std::string CreateOutboxSql(const lake::TableSchema& schema, const std::string& url) {
  std::vector<std::string> columns;
  std::vector<std::string> indexed;
  std::vector<std::string> partitioned;
  for (const auto& column : schema.columns) {
    columns.push_back(Backquote(column.name) + " " + base::FormatDeltaType(column.type));
    bool has_bounds = column.type.kind != Kind::kString && column.type.kind != Kind::kBinary &&
                      column.type.kind != Kind::kBoolean && !column.personal;
    if (has_bounds && !IsOfPartition(schema, column.name)) indexed.push_back(Backquote(column.name));
  }
  for (const auto& name : schema.partition_columns) partitioned.push_back(Backquote(name));
  return fmt::format(
      "CREATE TABLE {} ({}) USING delta PARTITIONED BY ({}) TBLPROPERTIES ('delta.dataSkippingStatsColumns' = {}, "
      "'delta.columnMapping.mode' = 'none', 'delta.enableDeletionVectors' = 'false')",
      engine::SparkFolder("delta", url), fmt::join(columns, ", "), fmt::join(partitioned, ", "),
      SparkLiteral(fmt::format("{}", fmt::join(indexed, ","))));
}

std::string EventsSql(const events::EventShape& shape, const TopicName& topic) {
  std::vector<std::string> list;
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    list.push_back(fmt::format("c{} AS {}", i, Backquote(shape.columns[i].name)));
  }
  list.insert(list.end(), {"rescued AS _rescued", "m_topic AS _topic", SparkLiteral(topic.id) + " AS _topic_id",
                           "m_partition AS _partition", "m_offset AS _offset", "m_time AS _broker_time",
                           "CAST(NULL AS TIMESTAMP) AS _replayed_at",
                           fmt::format("CAST(c{} AS DATE) AS event_date", shape.time_column),
                           fmt::format("hour(c{}) AS event_hour", shape.time_column)});
  return fmt::format("SELECT {} FROM ({}) WHERE is_valid_event", fmt::join(list, ", "),
                     events::RuleSql(shape, kMessages));
}

std::string DeadLettersSql(const events::EventShape& shape, const TopicName& topic, const std::string& run_id) {
  return fmt::format(
      "SELECT m_topic AS _topic, {0} AS _topic_id, m_partition AS _partition, m_offset AS _offset, CAST(1 AS BIGINT) "
      "AS "
      "offsets, 'event' AS kind, to_json(reasons) AS reasons, substr(coalesce(m_key, X''), 1, {1}) AS key, "
      "substr(m_value, 1, {1}) AS bytes, CAST(coalesce(octet_length(m_value), 0) AS BIGINT) AS bytes_total, m_time AS "
      "_broker_time, current_timestamp() AS judged_at, {2} AS run_id, CAST(m_time AS DATE) AS event_date, hour(m_time) "
      "AS event_hour FROM ({3}) WHERE NOT is_valid_event",
      SparkLiteral(topic.id), kDeadLetterBytesMax, SparkLiteral(run_id), events::RuleSql(shape, kMessages));
}

int64_t OffsetsIn(const Ranges& ranges) {
  int64_t offsets = 0;
  for (const auto& [partition, range] : ranges) offsets += range.to - range.from;
  return offsets;
}

}  // namespace

class SparkStream::Work {
 public:
  Work(lake::Lake& lake, const events::EventShape& shape, SparkStreamOptions spark, StreamOptions options)
      : lake_(lake),
        shape_(shape),
        spark_(std::move(spark)),
        options_(std::move(options)),
        events_schema_(lake::EventsSchema(shape)),
        dead_letter_schema_(lake::DeadLetterSchema(shape)),
        tables_(lake, shape_, options_.run_id),
        layout_(shape_, tables_.event_columns()) {
    spark_.kafka.group.clear();
  }

  StreamReport Run() {
    if (options_.run_for) deadline_ = SteadyClock::now() + *options_.run_for;
    well_at_ = SteadyClock::now();
    while (!IsOver()) {
      try {
        if (RunStint() == End::kDone) break;
        NoteRestart("another stream has read on");
      } catch (const base::Error& error) {
        bool may_pass = error.kind() == base::ErrorKind::kUnavailable || error.kind() == base::ErrorKind::kIo;
        if (!may_pass || !was_well_ || SteadyClock::now() - well_at_ > kAwayMax) throw;
        NoteRestart(error.message());
      }
      for (auto until = SteadyClock::now() + kRestartWait; !IsOver() && SteadyClock::now() < until;) {
        std::this_thread::sleep_for(kLook);
      }
    }
    return report();
  }

  void Stop() {
    stopped_ = true;
    std::lock_guard lock(settling_mutex_);
    if (settling_) settling_->Stop();
  }

  StreamReport report() const {
    std::lock_guard lock(report_mutex_);
    return report_;
  }

 private:
  enum class End { kDone, kMoved };

  struct PartitionState {
    int64_t dead_letters = 0;  // Next offsets, as the tables have them.
    int64_t events = 0;
    int64_t read_from = 0;                  // Where the queries began.
    std::set<int64_t> dead_letter_offsets;  // Those of the dead letters that are not behind the events.
  };

  bool IsOver() const { return stopped_ || (deadline_ && SteadyClock::now() >= *deadline_); }

  void NoteRestart(const std::string& why) {
    base::LogWarn("the queries on Spark are started anew", {{"why", why}});
    std::lock_guard lock(report_mutex_);
    ++report_.restarts;
  }

  // One pair of queries, from the lake's positions on.
  End RunStint() {
    kafka::Consumer consumer(spark_.kafka, {});
    topic_ = {consumer.cluster_id(), consumer.topic().id, consumer.topic().name};
    Settle(consumer);
    if (IsOver() || (options_.until_idle && HasReadAll(consumer))) return End::kDone;
    SparkStint stint(lake_.storage(), spark_.spark);
    spark::Session session({spark_.spark, ConfigOfStream(), nullptr});
    stint.SayAlive(session.id());
    SparkOutbox dead_letters(lake_.storage(), stint.folder() + "/dead_letters", topic_.name);
    SparkOutbox events(lake_.storage(), stint.folder() + "/events", topic_.name);
    waiting_.reset();
    StartSource(session);
    auto dead_letter_query =
        Start(session, dead_letter_schema_, dead_letters, DeadLettersSql(shape_, topic_, options_.run_id));
    auto event_query = Start(session, events_schema_, events, EventsSql(shape_, topic_));
    return Follow(consumer, stint, session, {{&dead_letters, dead_letter_query}, {&events, event_query}});
  }

  // Where dead letters are ahead of the events, whoever wrote them has judged the messages between: their verdicts
  // hold, and the embedded stream goes by them.
  void Settle(kafka::Consumer& consumer) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (ReadPositions(consumer)) return;
      if (attempt > 0 || IsOver()) break;
      auto options = options_;
      options.until_settled = true;
      auto settling = std::make_unique<Stream>(
          lake_, shape_,
          [this](PartitionOwner& owner) { return std::make_unique<KafkaSource>(spark_.kafka, lake_.clock(), owner); },
          options);
      {
        std::lock_guard lock(settling_mutex_);
        settling_ = std::move(settling);
      }
      if (stopped_) settling_->Stop();
      auto done = settling_->Run();
      {
        std::lock_guard lock(settling_mutex_);
        settling_.reset();
      }
      std::lock_guard lock(report_mutex_);
      report_.messages += done.messages;
      report_.events += done.events;
      report_.dead_letters += done.dead_letters;
      report_.batches += done.batches;
      report_.bytes += done.bytes;
    }
    if (!IsOver())
      throw base::UnavailableError("another stream is at work on this topic: stop it, or wait for its end");
  }

  // False: dead letters are ahead of events. Throws Error{kCorrupt} when the topic does not have what comes next.
  bool ReadPositions(kafka::Consumer& consumer) {
    partitions_.clear();
    bool is_settled = true;
    for (int32_t partition = 0; partition < consumer.topic().partitions; ++partition) {
      auto position = tables_.ReadPosition(topic_, partition);
      auto range = consumer.Offsets(partition);
      PartitionState state;
      state.events = position.events.value_or(0);
      state.dead_letters = position.dead_letters.value_or(0);
      bool is_new = !position.events && !position.dead_letters;
      state.read_from = is_new ? range.begin : state.events;
      if (state.dead_letters > state.events) is_settled = false;
      if (is_settled && (state.read_from < range.begin || state.read_from > range.end)) {
        throw base::CorruptError(
            "topic {}, partition {}: the lake goes on at offset {}, but the broker has {} to {}: nothing is skipped",
            topic_.name, partition, state.read_from, range.begin, range.end);
      }
      partitions_[partition] = std::move(state);
    }
    return is_settled;
  }

  bool HasReadAll(kafka::Consumer& consumer) {
    return std::ranges::all_of(partitions_, [&](const auto& entry) {
      const auto& [partition, state] = entry;
      return std::max(state.events, state.read_from) >= consumer.Offsets(partition).end;
    });
  }

  void StartSource(spark::Session& session) {
    auto source = SparkKafkaOptions(spark_.kafka.connection);
    std::map<int32_t, int64_t> next;
    for (const auto& [partition, state] : partitions_) next[partition] = state.read_from;
    source["subscribe"] = topic_.name;
    source["startingOffsets"] = StartingOffsets(topic_.name, next);
    source["maxOffsetsPerTrigger"] = std::to_string(options_.batch_messages_max);
    try {
      session.CreateStreamView(kMessages, "kafka", source);
    } catch (const spark::StatementError& error) {
      throw base::InputError(
          "Spark cannot read the topic: {}; does the server have the connector for Kafka (spark-sql-kafka-0-10, "
          "docs/engines.md)? Without it: --engine duckdb",
          error.message());
    }
  }

  spark::StreamingQuery Start(spark::Session& session, const lake::TableSchema& schema, const SparkOutbox& outbox,
                              const std::string& sql) {
    auto& storage = lake_.storage();
    session.Execute({CreateOutboxSql(schema, storage.Url(outbox.rows())), {}});
    if (!storage.Find(outbox.rows() + "/_delta_log/00000000000000000000.json")) {
      throw base::InputError("Spark made a table that is not there, does it reach the lake under the same path? {}",
                             storage.Url(outbox.rows()));
    }
    return session.StartQuery({.name = "qlake " + schema.name,
                               .sql = sql,
                               .format = "delta",
                               .path = engine::SparkUrl(storage.Url(outbox.rows())),
                               .options = {{"checkpointLocation", engine::SparkUrl(storage.Url(outbox.checkpoint()))}},
                               .partition_columns = schema.partition_columns,
                               .trigger_every = options_.batch_age_max});
  }

  struct Query {
    SparkOutbox* outbox;
    spark::StreamingQuery run;
  };

  // What the queries have brought goes into the lake until the stream ends.
  End Follow(kafka::Consumer& consumer, SparkStint& stint, spark::Session& session, const std::vector<Query>& queries) {
    auto& dead_letters = *queries[0].outbox;
    auto& events = *queries[1].outbox;
    auto asked = SteadyClock::now();
    bool is_idle = false;
    try {
      while (!IsOver() && !is_idle) {
        std::this_thread::sleep_for(kLook);
        stint.SayAlive(session.id());
        if (!Take(consumer, dead_letters, events)) return End::kMoved;
        if (SteadyClock::now() - asked < kAsk) continue;
        for (const auto& query : queries) RequireRunning(session.StatusOf(query.run));
        asked = well_at_ = SteadyClock::now();
        was_well_ = true;
        is_idle = options_.until_idle && HasReadAll(consumer);
      }
      for (const auto& query : queries) session.StopQuery(query.run);
    } catch (const base::Error& error) {
      // What they finished before is good.
      if (error.kind() != base::ErrorKind::kInput) static_cast<void>(Take(consumer, dead_letters, events));
      throw;
    }
    return Take(consumer, dead_letters, events) ? End::kDone : End::kMoved;
  }

  static void RequireRunning(const spark::StreamingQueryStatus& status) {
    if (status.is_active) return;
    throw base::IoError("a query of the stream ended at Spark: {}",
                        status.failure.empty() ? "it was stopped there" : status.failure);
  }

  // False: another stream has moved a position of ours.
  bool Take(kafka::Consumer& consumer, SparkOutbox& dead_letters, SparkOutbox& events) {
    while (auto batch = dead_letters.Next()) {
      consumer.CheckTopicIsTheSame();
      if (!TakeDeadLetters(dead_letters, *batch)) return false;
    }
    while (true) {
      if (!waiting_) waiting_ = events.Next();
      // Events are never ahead of dead letters: until their query has come as far, they wait.
      if (!waiting_ || !AreJudged(*waiting_)) return true;
      consumer.CheckTopicIsTheSame();
      if (!TakeEvents(events, *waiting_)) return false;
      waiting_.reset();
    }
  }

  bool AreJudged(const SparkBatch& batch) const {
    return std::ranges::all_of(batch.ends, [&](const auto& end) {
      auto state = partitions_.find(end.first);
      return state != partitions_.end() && state->second.dead_letters >= end.second;
    });
  }

  // Those with anything in them.
  Ranges RangesOf(const SparkBatch& batch, int64_t PartitionState::*next) {
    Ranges ranges;
    for (const auto& [partition, end] : batch.ends) {
      int64_t from = partitions_[partition].*next;
      if (end > from) ranges[partition] = {from, end};
    }
    return ranges;
  }

  bool TakeDeadLetters(SparkOutbox& outbox, const SparkBatch& batch) {
    auto ranges = RangesOf(batch, &PartitionState::dead_letters);
    if (ranges.empty()) return true;
    if (batch.rows > 0) {
      auto offsets = OffsetsOf(outbox, batch);
      OpenBreakerIfBad(outbox, batch, OffsetsIn(ranges));
      for (const auto& [partition, offset] : offsets) partitions_[partition].dead_letter_offsets.insert(offset);
    }
    outbox.MoveFiles(batch, lake::TablePath(dead_letter_schema_.name));
    if (!tables_.CommitDeadLetters(topic_, ranges, batch.files)) return false;
    for (const auto& [partition, range] : ranges) partitions_[partition].dead_letters = range.to;
    std::lock_guard lock(report_mutex_);
    report_.messages += batch.rows;
    report_.dead_letters += batch.rows;
    report_.batches += batch.rows > 0 ? 1 : 0;
    return true;
  }

  bool TakeEvents(SparkOutbox& outbox, const SparkBatch& batch) {
    auto ranges = RangesOf(batch, &PartitionState::events);
    if (ranges.empty()) return true;
    auto gaps = FindGaps(outbox, batch, ranges);
    outbox.MoveFiles(batch, lake::TablePath(events_schema_.name));
    if (!tables_.CommitEvents(topic_, ranges, batch.files, gaps.get())) return false;
    for (const auto& [partition, range] : ranges) {
      auto& state = partitions_[partition];
      state.events = range.to;
      state.dead_letter_offsets.erase(state.dead_letter_offsets.begin(),
                                      state.dead_letter_offsets.lower_bound(range.to));
    }
    std::lock_guard lock(report_mutex_);
    report_.messages += batch.rows;
    report_.events += batch.rows;
    report_.batches += 1;
    return true;
  }

  // Offsets of the ranges that are neither among the events nor among the dead letters; nothing when there are none.
  std::unique_ptr<EventBatch> FindGaps(const SparkOutbox& outbox, const SparkBatch& batch, const Ranges& ranges) {
    int64_t known = batch.rows;
    for (const auto& [partition, range] : ranges) {
      const auto& dead = partitions_[partition].dead_letter_offsets;
      known += std::distance(dead.lower_bound(range.from), dead.lower_bound(range.to));
    }
    if (known > OffsetsIn(ranges)) {
      throw base::CorruptError("Spark brought {} rows of {} offsets of topic {}", known, OffsetsIn(ranges),
                               topic_.name);
    }
    if (known == OffsetsIn(ranges)) return nullptr;
    std::map<int32_t, std::set<int64_t>> taken;
    for (const auto& [partition, offset] : OffsetsOf(outbox, batch)) taken[partition].insert(offset);
    auto gaps = std::make_unique<EventBatch>(shape_, layout_, topic_, options_.run_id);
    for (const auto& [partition, range] : ranges) {
      const auto& state = partitions_[partition];
      auto& offsets = taken[partition];
      offsets.insert(state.dead_letter_offsets.lower_bound(range.from),
                     state.dead_letter_offsets.lower_bound(range.to));
      AddGaps(*gaps, partition, range, offsets);
    }
    return gaps;
  }

  void AddGaps(EventBatch& gaps, int32_t partition, OffsetRange range, const std::set<int64_t>& taken) {
    int64_t next = range.from;
    auto add = [&](int64_t until) {
      if (until <= next) return;
      bool is_beginning = next == 0 && partitions_[partition].read_from >= until;
      gaps.AddGap(partition, {next, until},
                  is_beginning ? "the topic began behind these offsets when it was first read"
                               : "the topic holds no message at these offsets",
                  lake_.clock().Now());
    };
    for (int64_t offset : taken) {
      add(offset);
      gaps.SkipRange(partition, {offset, offset + 1});
      next = offset + 1;
    }
    add(range.to);
  }

  std::vector<std::pair<int32_t, int64_t>> OffsetsOf(const SparkOutbox& outbox, const SparkBatch& batch) {
    std::vector<std::pair<int32_t, int64_t>> offsets;
    if (batch.files.empty()) return offsets;
    for (const auto& row : Ask(outbox, batch, "_partition, _offset")) {
      offsets.emplace_back(static_cast<int32_t>(engine::IntegerOf(row[0])), engine::IntegerOf(row[1]));
    }
    return offsets;
  }

  // REQUIRES: the files have not been moved.
  std::vector<engine::ResultRow> Ask(const SparkOutbox& outbox, const SparkBatch& batch, const std::string& columns) {
    auto snapshot = delta::Snapshot::Load(lake_.storage(), outbox.rows());
    if (!snapshot) throw base::IoError("an outbox of Spark is gone: {}", lake_.storage().Url(outbox.rows()));
    lake_.database().DefineFiles("outbox.batch", *snapshot, batch.files);
    return lake_.database().Query(fmt::format("SELECT {} FROM outbox.batch", columns)).rows;
  }

  void OpenBreakerIfBad(const SparkOutbox& outbox, const SparkBatch& batch, int64_t judged) {
    bool is_bad = batch.rows >= options_.bad_messages_min &&
                  static_cast<double>(batch.rows) > options_.bad_share_max * static_cast<double>(judged);
    if (!is_bad) return;
    auto first = Ask(outbox, batch, "min_by(reasons, _offset)");
    throw base::InputError(
        "{} of {} messages of a batch are no good events, nothing of it was written; mend the contract or the "
        "producer, "
        "or raise --bad-share-max to take them as dead letters; the first one: {}",
        batch.rows, judged, first.front().front().value_or(""));
  }

  lake::Lake& lake_;
  const events::EventShape shape_;
  SparkStreamOptions spark_;
  const StreamOptions options_;
  const lake::TableSchema events_schema_;
  const lake::TableSchema dead_letter_schema_;
  EventTables tables_;
  const EventLayout layout_;
  TopicName topic_;
  std::map<int32_t, PartitionState> partitions_;
  std::optional<SparkBatch> waiting_;  // Of events, for their dead letters.
  std::optional<SteadyClock::time_point> deadline_;
  SteadyClock::time_point well_at_;  // When both queries were seen to run.
  bool was_well_ = false;
  std::atomic<bool> stopped_ = false;
  std::mutex settling_mutex_;
  std::unique_ptr<Stream> settling_;  // Written under settling_mutex_ by Run's thread.
  mutable std::mutex report_mutex_;
  StreamReport report_;  // Guarded by report_mutex_.
};

SparkStream::SparkStream(lake::Lake& lake, const events::EventShape& shape, SparkStreamOptions spark,
                         StreamOptions options)
    : work_(std::make_unique<Work>(lake, shape, std::move(spark), std::move(options))) {}

SparkStream::~SparkStream() = default;

StreamReport SparkStream::Run() { return work_->Run(); }

void SparkStream::Stop() { work_->Stop(); }

StreamReport SparkStream::report() const { return work_->report(); }

}  // namespace qlake::stream
