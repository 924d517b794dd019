#include "lake/raw_rows.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "engine/duckdb/database.h"

namespace qlake::lake {
namespace {

using engine::QuoteLiteral;
using engine::QuoteName;
using Kind = base::ColumnType::Kind;

constexpr const char* kScan = "materialize.scan";
constexpr const char* kFiles = "materialize.files";

// What decides which text of a record is which column's.
std::string RulesOf(const Source& source) {
  std::string rules(1, source.shape.delimiter);
  for (const auto& column : source.shape.columns) {
    rules += fmt::format("\n{} {} {}", column.name, column.key, fmt::join(column.aliases, " "));
  }
  return rules + fmt::format("\n{} {}", fmt::join(source.shape.optional_trailing, " "), source.shape.record_bytes_max);
}

// The last revision of each file up to `seq_max`, by seq.
std::vector<FileRecord> CurrentFilesOf(const std::string& source, const std::vector<FileRecord>& revisions,
                                       int64_t seq_max) {
  std::vector<FileRecord> until;
  for (const auto& file : revisions) {
    if (file.source == source && file.seq <= seq_max) until.push_back(file);
  }
  auto files = CurrentFiles(until);
  std::ranges::sort(files, {}, &FileRecord::seq);
  return files;
}

// A SELECT of the table's columns from the bytes of the files.
std::string SelectFileRows(Lake& lake, const Source& source, const std::vector<FileRecord>& files) {
  engine::RawScan scan;
  scan.csv_shape = source.shape;
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& file : files) {
    base::Timestamp hour = base::StartOf(file.hour);
    rows.push_back({std::to_string(scan.files.size()), file.file_id, std::to_string(file.seq),
                    base::FormatDate(base::DateOf(file.hour)), base::FormatTimestamp(hour).substr(11, 2)});
    scan.files.push_back({file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes), file.rows});
    scan.formats.push_back(FormatOf(file.name));
  }
  auto& database = lake.database();
  database.DefineRawScan(kScan, std::move(scan));
  database.FillTable(kFiles,
                     {{"_file", {Kind::kInteger}},
                      {"_file_id", {}},
                      {"_seq", {Kind::kLong}},
                      {"data_date", {}},
                      {"data_hour", {Kind::kInteger}}},
                     rows);
  std::string columns;
  for (const auto& column : source.shape.columns) columns += "s." + QuoteName(column.name) + ", ";
  return fmt::format(
      "SELECT {}s._rescued, f._file_id, s._line, s._error, s._record, f._seq, CAST(f.data_date AS DATE) AS data_date, "
      "f.data_hour FROM {} AS s JOIN {} AS f ON s._file = f._file",
      columns, kScan, kFiles);
}

// The rows of these files, in the partitions that they are in.
std::string RowsOfFiles(const std::vector<FileRecord>& files) {
  std::set<std::string> dates;
  std::vector<std::string> names;
  for (const auto& file : files) {
    dates.insert(fmt::format("DATE '{}'", base::FormatDate(base::DateOf(file.hour))));
    names.push_back(QuoteLiteral(file.file_id));
  }
  return fmt::format("data_date IN ({}) AND _file_id IN ({})", fmt::join(dates, ", "), fmt::join(names, ", "));
}

}  // namespace

TableSchema RawRowsSchema(const Source& source) {
  TableSchema schema = {
      "raw." + source.name,
      fmt::format("Rows of {} as they were received, all columns as text; read by the header rules {}.", source.name,
                  base::Sha256Hex(RulesOf(source)).substr(0, 12)),
      {},
      {"data_date", "data_hour"}};
  for (const auto& column : source.shape.columns) {
    bool is_personal = std::ranges::find(source.personal, column.name) != source.personal.end();
    schema.columns.push_back(
        {column.name, {Kind::kString}, is_personal, "as received; NULL: the row has no such field"});
  }
  for (base::Column column :
       {base::Column{"_rescued", {Kind::kString}, true, "unknown columns, a JSON object"},
        base::Column{"_file_id", {Kind::kString}, false, "where the row stood: drop and file name"},
        base::Column{"_line", {Kind::kLong}, false, "and its line"},
        base::Column{"_error", {Kind::kString}, true, "why the row is malformed"},
        base::Column{"_record", {Kind::kString}, true, "the row as it stood in the file"},
        base::Column{"_seq", {Kind::kLong}, false, "of the file's revision in raw.files"},
        base::Column{"data_date", {Kind::kDate}, false, "date of the file's data hour, UTC"},
        base::Column{"data_hour", {Kind::kInteger}, false, "hour of that date, 0 to 23"}}) {
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

MaterializeReport Materialize(Writer& writer, const Source& source, const std::vector<FileRecord>& revisions,
                              int64_t seq_max) {
  auto& lake = writer.lake();
  auto schema = RawRowsSchema(source);
  MaterializeReport report{schema.name};
  auto base = lake.Load(schema.name);
  // A column may have been in _rescued, or under another name.
  bool is_anew = base && base->metadata().description != schema.description;
  // A redo looks back; what the table has been filled up to stays in it.
  int64_t was_seq = base ? base->TransactionVersion(kMaterializeApp) : delta::kNoVersion;
  int64_t done_seq = is_anew ? delta::kNoVersion : was_seq;
  std::vector<FileRecord> pending;
  std::vector<FileRecord> corrected;
  auto current = CurrentFilesOf(source.name, revisions, std::max(seq_max, was_seq));
  for (const auto& file : current) {
    if (file.seq <= done_seq) continue;
    pending.push_back(file);
    bool was_there = std::ranges::any_of(
        revisions, [&](const FileRecord& before) { return before.seq <= done_seq && before.file_id == file.file_id; });
    if (was_there) corrected.push_back(file);
  }
  if (base) report.version = base->version();
  if (base && pending.empty() && !is_anew) return report;
  engine::TableChange change;
  if (!pending.empty()) change.insert_sql = SelectFileRows(lake, source, pending);
  if (!corrected.empty()) change.remove_where = RowsOfFiles(corrected);
  change.replace = is_anew;
  int64_t to_seq = std::max({int64_t{0}, was_seq, pending.empty() ? int64_t{0} : pending.back().seq});
  auto applied = writer.Commit(TargetOf(schema), change, {{kMaterializeApp, to_seq, lake.clock().Now().us / 1000}});
  report.version = std::get<delta::Committed>(applied.outcome).version;
  report.files = static_cast<int64_t>(pending.size());
  report.rows_inserted = applied.rows_inserted;
  report.rows_removed = applied.rows_removed;
  return report;
}

delta::Snapshot RawRowsOf(Writer& writer, const Source& source, const std::vector<FileRecord>& revisions,
                          const std::vector<FileRecord>& files) {
  auto& lake = writer.lake();
  int64_t seq_max = 0;
  for (const auto& file : files) seq_max = std::max(seq_max, file.seq);
  Materialize(writer, source, revisions, seq_max);
  auto table = lake.Load("raw." + source.name);
  QLAKE_CHECK(table);
  std::set<int64_t> present;
  for (const auto& file : CurrentFilesOf(source.name, revisions, table->TransactionVersion(kMaterializeApp))) {
    present.insert(file.seq);
  }
  if (std::ranges::all_of(files, [&](const FileRecord& file) { return present.contains(file.seq); })) return *table;
  auto target = TargetOf(RawRowsSchema(source));
  target.path = fmt::format("{}/{}", kRawOfRedo, source.name);
  engine::TableChange change;
  change.insert_sql = SelectFileRows(lake, source, files);
  change.replace = true;
  writer.Commit(target, change, {});
  return *lake.LoadPath(target.path);
}

}  // namespace qlake::lake
