#include "stream/replay.h"

#include <simdjson.h>

#include <fstream>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/fault.h"
#include "events/event_decoder.h"
#include "stream/event_batch.h"
#include "stream/event_tables.h"
#include "stream/message_payload.h"
#include "stream/table_append.h"

namespace qlake::stream {
namespace {

// A message by where it stands. The topic may be left out.
struct Place {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;

  auto operator<=>(const Place&) const = default;
};

using CorrectedEvents = std::map<Place, std::string>;

CorrectedEvents ReadCorrected(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw base::InputError("cannot open the corrected events (--corrected): {}", path);
  CorrectedEvents events;
  simdjson::ondemand::parser parser;
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    simdjson::padded_string padded(line);
    simdjson::ondemand::document document;
    simdjson::ondemand::object event;
    std::string_view text;
    Place place;
    int64_t partition = 0;
    bool fits = parser.iterate(padded).get(document) == simdjson::SUCCESS &&
                document["event"].get_object().get(event) == simdjson::SUCCESS &&
                event.raw_json().get(text) == simdjson::SUCCESS;
    std::string bytes(text);
    fits = fits && document["partition"].get_int64().get(partition) == simdjson::SUCCESS &&
           document["offset"].get_int64().get(place.offset) == simdjson::SUCCESS;
    if (!fits) {
      throw base::InputError("{}:{}: a line must look like {{\"partition\": 0, \"offset\": 17, \"event\": {{...}}}}",
                             path, number);
    }
    place.partition = static_cast<int32_t>(partition);
    if (document["topic"].get_string().get(text) == simdjson::SUCCESS) place.topic = std::string(text);
    if (!events.emplace(place, std::move(bytes)).second) {
      throw base::InputError("{}:{}: the offset stands twice: {}", path, number, place.offset);
    }
  }
  return events;
}

std::string FromHex(std::string_view hex) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

class Replayer {
 public:
  Replayer(lake::Writer& writer, const events::EventShape& shape, const ReplayOptions& options)
      : writer_(writer),
        lake_(writer.lake()),
        shape_(shape),
        options_(options),
        events_(lake_, lake::EventsSchema(shape), writer.run_id()),
        layout_(shape, events_.columns()),
        decoder_(shape),
        payloads_(options.registry) {}

  ReplayReport Run() {
    bool is_corrected = !options_.corrected_file.empty();
    if (is_corrected) corrected_ = ReadCorrected(options_.corrected_file);
    base::Timestamp now = lake_.clock().Now();
    VisitOpen([&](const Message& message, const TopicName& topic) {
      std::optional<std::string> bytes = std::string(message.value);
      if (is_corrected) bytes = TakeCorrected(topic.name, message);
      if (!bytes) return;
      ++report_.judged;
      auto payload = payloads_.Read(*bytes);
      if (!payload.reason.empty()) return;
      const auto& event = decoder_.Decode(payload.text, message.broker_time);
      if (event.reasons.empty()) {
        EventOrigin origin{topic.name, topic.id, message.partition, message.offset, message.broker_time, now};
        layout_.Append(event, origin, RowsOf(event));
        if (++waiting_ == options_.rows_max) Commit();
      } else if (is_corrected) {
        report_.refused.push_back(fmt::format("partition {} offset {}: {}", message.partition, message.offset,
                                              fmt::join(event.reasons, "; ")));
      }
    });
    Commit();
    for (const auto& [place, bytes] : corrected_) {
      report_.refused.push_back(fmt::format("partition {} offset {}: there is no dead letter of that place that waits",
                                            place.partition, place.offset));
    }
    return report_;
  }

 private:
  // Calls for every dead letter that the stream has passed and nobody has put back.
  void VisitOpen(const std::function<void(const Message&, const TopicName&)>& visit) {
    auto dead_letter_schema = lake::DeadLetterSchema(shape_);
    auto events_schema = lake::EventsSchema(shape_);
    lake_.Define(dead_letter_schema, lake_.Load(dead_letter_schema.name));
    lake_.database().DefineTable(events_schema.name, events_.snapshot());
    std::vector<std::vector<std::optional<std::string>>> positions;
    for (const auto& [app_id, transaction] : events_.snapshot().transactions()) {
      if (auto name = ParsePositionApp(app_id)) {
        positions.push_back({TopicIdOf(*name), std::to_string(name->partition), std::to_string(transaction.version)});
      }
    }
    using Kind = base::ColumnType::Kind;
    lake_.database().FillTable("streamed.positions",
                               {{"topic_id", {Kind::kString}}, {"part", {Kind::kInteger}}, {"position", {Kind::kLong}}},
                               positions);
    engine::ResultVisitor visitor;
    visitor.on_row = [&](engine::ResultRow& row) {
      TopicName topic{"", row[1].value_or(""), row[0].value_or("")};
      std::string bytes = FromHex(row[4].value_or(""));
      Message message{.partition = static_cast<int32_t>(engine::IntegerOf(row[2])),
                      .offset = engine::IntegerOf(row[3]),
                      .broker_time = {engine::IntegerOf(row[5])},
                      .value = bytes};
      visit(message, topic);
      return true;
    };
    lake_.database().Query(
        fmt::format(
            "SELECT d._topic, d._topic_id, d._partition, d._offset, hex(d.bytes), epoch_us(d._broker_time) FROM {0} "
            "AS d JOIN streamed.positions AS p ON d._topic_id = p.topic_id AND d._partition = p.part AND d._offset "
            "< p.position ANTI JOIN (SELECT _topic_id, _partition, _offset FROM {1} WHERE _replayed_at IS NOT "
            "NULL) AS r ON d._topic_id = r._topic_id AND d._partition = r._partition AND d._offset = r._offset "
            "WHERE d.kind = 'event' AND d.bytes IS NOT NULL AND octet_length(d.bytes) = d.bytes_total "
            "ORDER BY d._topic_id, d._partition, d._offset",
            dead_letter_schema.name, events_schema.name),
        visitor);
  }

  std::optional<std::string> TakeCorrected(const std::string& topic, const Message& message) {
    for (const auto& place :
         {Place{topic, message.partition, message.offset}, Place{"", message.partition, message.offset}}) {
      auto found = corrected_.find(place);
      if (found == corrected_.end()) continue;
      std::string bytes = std::move(found->second);
      corrected_.erase(found);
      return bytes;
    }
    return std::nullopt;
  }

  parquet::RowBuffer& RowsOf(const events::DecodedEvent& event) {
    auto hour = base::HourOf({event.cells[shape_.time_column].number});
    auto& rows = hours_[hour.hours];
    if (rows.columns.empty()) {
      rows.columns = layout_.file_columns();
      for (const auto& column : rows.columns) rows.values.emplace_back(column.type);
    }
    return rows;
  }

  void Commit() {
    if (waiting_ == 0) return;
    std::vector<RowsOfFile> files;
    for (auto& [hour, rows] : hours_) files.push_back({PartitionOfHour(hour), std::move(rows)});
    int64_t number = std::max<int64_t>(events_.PositionOf(kReplayApp), 0) + 1;
    base::CrashPoint("replay.before_commit");
    auto outcome = events_.Commit(files, {{kReplayApp, number, lake_.clock().Now().us / 1000}});
    if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
      throw base::UnavailableError("another replay was at work ({}): run it again", conflict->reason);
    }
    base::CrashPoint("replay.after_commit");
    report_.replayed += static_cast<int64_t>(waiting_);
    waiting_ = 0;
    hours_.clear();
  }

  lake::Writer& writer_;
  lake::Lake& lake_;
  const events::EventShape& shape_;
  const ReplayOptions& options_;
  TableAppend events_;
  EventLayout layout_;
  events::EventDecoder decoder_;
  PayloadReader payloads_;
  CorrectedEvents corrected_;
  std::map<int64_t, parquet::RowBuffer> hours_;
  size_t waiting_ = 0;
  ReplayReport report_;
};

}  // namespace

ReplayReport Replay(lake::Writer& writer, const events::EventShape& shape, const ReplayOptions& options) {
  if (!writer.lake().Load(lake::EventsSchema(shape).name)) {
    throw base::InputError("nothing has been streamed into the lake {} yet: qlake stream",
                           writer.lake().options().root);
  }
  return Replayer(writer, shape, options).Run();
}

}  // namespace qlake::stream
