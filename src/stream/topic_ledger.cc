#include "stream/topic_ledger.h"

#include <fmt/format.h>

#include "stream/event_tables.h"

namespace qlake::stream {
namespace {

// The positions of the events, as a table of the engine.
void FillPositions(lake::Lake& lake, const delta::Snapshot& events) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& [app_id, transaction] : events.transactions()) {
    auto name = ParsePositionApp(app_id);
    if (!name) continue;
    rows.push_back({TopicIdOf(*name), std::to_string(name->partition), std::to_string(transaction.version)});
  }
  using Kind = base::ColumnType::Kind;
  lake.database().FillTable("streamed.positions",
                            {{"topic_id", {Kind::kString}}, {"part", {Kind::kInteger}}, {"position", {Kind::kLong}}},
                            rows);
}

}  // namespace

std::vector<PartitionAccount> ReadTopicLedger(lake::Lake& lake, const events::EventShape& shape) {
  auto events_schema = lake::EventsSchema(shape);
  auto dead_letter_schema = lake::DeadLetterSchema(shape);
  // Events first: the dead letters before their position are committed by then.
  auto events = lake.Load(events_schema.name);
  auto dead_letters = lake.Load(dead_letter_schema.name);
  std::vector<PartitionAccount> accounts;
  if (!events) return accounts;
  lake.Define(events_schema, events);
  lake.Define(dead_letter_schema, dead_letters);
  FillPositions(lake, *events);
  auto result = lake.database().Query(fmt::format(
      "WITH loaded AS (SELECT _topic_id, _partition, max(_topic) AS topic, count(*) AS events, count(_replayed_at) AS "
      "replayed FROM {} GROUP BY _topic_id, _partition), "
      "dead AS (SELECT d._topic_id, d._partition, max(d._topic) AS topic, sum(CASE WHEN kind = 'event' THEN 1 ELSE 0 "
      "END) "
      "AS messages, sum(CASE WHEN kind = 'event' THEN 0 ELSE offsets END) AS no_message FROM {} AS d JOIN "
      "streamed.positions AS p ON d._topic_id = p.topic_id AND d._partition = p.part WHERE d._offset < p.position "
      "GROUP BY "
      "d._topic_id, d._partition) "
      "SELECT coalesce(l.topic, d.topic) AS topic, p.topic_id, p.part, p.position, coalesce(l.events, 0), "
      "CAST(coalesce(d.messages, 0) - coalesce(l.replayed, 0) AS BIGINT), CAST(coalesce(d.no_message, 0) AS BIGINT) "
      "FROM streamed.positions AS p LEFT JOIN loaded AS l ON p.topic_id = l._topic_id AND p.part = l._partition LEFT "
      "JOIN "
      "dead AS d ON p.topic_id = d._topic_id AND p.part = d._partition ORDER BY 1, 2, 3",
      events_schema.name, dead_letter_schema.name));
  for (const auto& row : result.rows) {
    accounts.push_back({row[0].value_or(""), row[1].value_or(""), static_cast<int32_t>(engine::IntegerOf(row[2])),
                        engine::IntegerOf(row[3]), engine::IntegerOf(row[4]), engine::IntegerOf(row[5]),
                        engine::IntegerOf(row[6])});
  }
  return accounts;
}

}  // namespace qlake::stream
