#include "lake/tables.h"

#include <algorithm>

#include "base/error.h"

namespace qlake::lake {
namespace {

using base::Column;
using Kind = base::ColumnType::Kind;

Column Text(const char* name, const char* comment) { return {name, {Kind::kString}, false, comment}; }
Column Long(const char* name, const char* comment) { return {name, {Kind::kLong}, false, comment}; }
Column Time(const char* name, const char* comment) { return {name, {Kind::kTimestamp}, false, comment}; }

}  // namespace

const TableSchema& RawFilesSchema() {
  static const TableSchema schema = {
      kRawFiles,
      "Every file received, one row a revision: the table of record.",
      {Long("seq", "1, 2, 3, ... in the order in which files were taken in; corrections have one of their own"),
       Text("_file_id", "drop and file name: what rows name as their origin"),
       Text("source", "whose contract it falls under"), Text("drop", "path of its folder below the landing zone"),
       Text("name", "file name"), Time("data_hour", "start of the data hour, UTC, fixed when the drop was first seen"),
       Text("sha256", "of its bytes, hexadecimal"), Long("bytes", "its size"),
       Long("rows", "records in it, malformed ones included; the header is none"),
       Text("header", "its header line; empty for JSON lines"),
       Text("unknown_columns", "header names that the contract does not know, a JSON array"),
       Time("modified_at", "of the file in the landing zone"), Time("received_at", "when it was taken in"),
       Text("path", "where its bytes lie in the lake"), Long("offset", "where in that they begin"),
       Text("run_id", "the run that took it in")},
      {}};
  return schema;
}

const TableSchema& StepsSchema() {
  static const TableSchema schema = {
      kOpsSteps,
      "Intents: what a step was about to do, written before its first commit.",
      {Text("step", "qlake.process"), Long("from_seq", "raw.files.seq of the first file of the batch"),
       Long("to_seq", "of the last one: the progress that its commits carry"),
       Text("reads", "JSON object: version of every table that it reads, -1 for none"),
       Text("project_sha256", "the contracts and models that it follows, kept under ops/projects"),
       Text("run_id", "the run that began it"), Time("started_at", "when")},
      {}};
  return schema;
}

const TableSchema& LedgerSchema() {
  static const TableSchema schema = {
      kOpsLedger,
      "The account of rows: one row a file and revision of its account; the last to_seq counts.",
      {Text("step", "qlake.process"), Text("source", "of the file"), Text("_file_id", "of the file"),
       Long("seq", "of the file's revision in raw.files"), Time("data_hour", "of the file"),
       Long("rows_in", "rows that the reader found in the file"), Long("loaded", "rows that a table holds"),
       Long("quarantined", "rows in quarantine"), Long("duplicate", "rows whose key and content came before"),
       Long("to_seq", "of the batch that made this revision"), Text("run_id", "the run that made it"),
       Time("committed_at", "when"),
       Text("publication", "JSON object: the version of every table that this commit stands for")},
      {}};
  return schema;
}

const TableSchema& RunsSchema() {
  static const TableSchema schema = {
      kOpsRuns,
      "One row a run of a command that writes to the lake.",
      {Text("run_id", "in every log line and commit of the run"), Text("command", "ingest, process, run, dump"),
       Time("started_at", "when"), Time("finished_at", "when"), Text("state", "done, failed or killed"),
       Text("message", "why it failed"), Long("files", "taken in"), Long("rows", "processed"),
       Text("details", "JSON object: what the command reported")},
      {}};
  return schema;
}

const TableSchema& ChecksSchema() {
  static const TableSchema schema = {
      kOpsChecks,
      "How often each check of a contract failed in a batch; only those that did.",
      {Text("subject", "source or table"), Text("name", "of the check"),
       Text("on_violation", "warn, null or quarantine"), Long("rows_failed", "rows that broke it"),
       Long("to_seq", "of the batch"), Text("run_id", "the run that checked"), Time("checked_at", "when")},
      {}};
  return schema;
}

TableSchema QuarantineSchema(const std::string& source) {
  TableSchema schema = {"quarantine." + source,
                        "Rows of " + source + " that broke their contract, with all the reasons.",
                        {Text("_file_id", "where the row stood: the file"), Long("_line", "and its line"),
                         Time("data_hour", "of the file"), Text("key", "of the row, when it has one"),
                         Text("kind", "malformed, contract or conflicting_duplicate"),
                         Text("reasons", "all of them, a JSON array of texts"),
                         Text("record", "the row as it stood in the file, at most its first 64 KiB")},
                        {}};
  schema.columns.back().personal = true;
  return schema;
}

TableSchema EventsSchema(const events::EventShape& shape) {
  TableSchema schema = {"events." + shape.name, shape.description, {}, {"event_date", "event_hour"}};
  for (const auto& column : shape.columns) {
    schema.columns.push_back({column.name, column.type, column.personal, "as the event says it"});
  }
  for (Column column :
       {Text("_rescued", "fields that the contract does not know, a JSON object"),
        Text("_topic", "where the event came from: the topic"), Text("_topic_id", "and its id"),
        Column{"_partition", {Kind::kInteger}, false, "its partition"}, Long("_offset", "and its place in that"),
        Time("_broker_time", "when the broker took it in; of a file, when it was read"),
        Time("_replayed_at", "when a dead letter was put back; NULL for others"),
        Column{"event_date", {Kind::kDate}, false, "of the event's own time, UTC"},
        Column{"event_hour", {Kind::kInteger}, false, "of the event's own time, UTC"}}) {
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

TableSchema DeadLetterSchema(const events::EventShape& shape) {
  TableSchema schema = {
      "events." + shape.name + "_dead_letter",
      "Messages that are no good events, with all the reasons, and stretches of offsets without a message.",
      {Text("_topic", "where the message came from: the topic"), Text("_topic_id", "and its id"),
       Column{"_partition", {Kind::kInteger}, false, "its partition"}, Long("_offset", "and its place in that"),
       Long("offsets", "how many offsets the row stands for: 1, or the length of a stretch without messages"),
       Text("kind", "event, or no_message"), Text("reasons", "all of them, a JSON array of texts"),
       Column{"key", {Kind::kBinary}, true, "of the message"},
       Column{"bytes", {Kind::kBinary}, true, "of the message, at most its first 16 MiB"},
       Long("bytes_total", "its size"), Time("_broker_time", "when the broker took it in; of a file, when it was read"),
       Time("judged_at", "when"), Text("run_id", "the run that judged it"),
       Column{"event_date", {Kind::kDate}, false, "of the broker's time; of a stretch without a message, of judged_at"},
       Column{"event_hour", {Kind::kInteger}, false, "of the same time, UTC"}},
      {"event_date", "event_hour"}};
  return schema;
}

const TableSchema& DriftSchema() {
  static const TableSchema schema = {
      kOpsDrift,
      "What events have that their contract does not know, when it was seen first.",
      {Text("subject", "the table"), Text("kind", "field or event_type"), Text("event_type", "of the event"),
       Text("name", "of the field, with the object that it stands in"), Text("json_type", "of its value"),
       Text("_topic", "of the event that had it first"), Column{"_partition", {Kind::kInteger}, false, "of that event"},
       Long("_offset", "of that event"), Text("run_id", "the run that saw it"), Time("seen_at", "when")},
      {}};
  return schema;
}

std::string TableName(const std::string& table_path) {
  std::string name = table_path;
  std::ranges::replace(name, '/', '.');
  return name;
}

std::string TablePath(const std::string& table_name) {
  std::string path = table_name;
  size_t dot = path.find('.');
  QLAKE_CHECK(dot != std::string::npos);
  path[dot] = '/';
  return path;
}

engine::TableTarget TargetOf(const TableSchema& schema) {
  return {TablePath(schema.name), schema.columns, schema.partition_columns, schema.description};
}

std::string SelectRows(const TableSchema& schema, const std::vector<TextRow>& rows) {
  std::string names;
  std::string casts;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const auto& column = schema.columns[i];
    names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
    casts += fmt::format("{}CAST(c{} AS {}) AS {}", i == 0 ? "" : ", ", i, base::FormatSqlType(column.type),
                         engine::QuoteName(column.name));
  }
  std::string values;
  for (const auto& row : rows) {
    QLAKE_CHECK(row.size() == schema.columns.size());
    values += values.empty() ? "(" : ", (";
    for (size_t i = 0; i < row.size(); ++i) {
      values += (i == 0 ? "" : ", ") + (row[i] ? engine::QuoteLiteral(*row[i]) : std::string("CAST(NULL AS VARCHAR)"));
    }
    values += ")";
  }
  QLAKE_CHECK(!values.empty());
  return fmt::format("SELECT {} FROM (VALUES {}) AS r({})", casts, values, names);
}

}  // namespace qlake::lake
