#include "engine/duckdb/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/fault.h"
#include "base/json.h"
#include "delta/schema.h"
#include "delta/table_properties.h"
#include "engine/duckdb/file_commit.h"
#include "engine/duckdb/file_projection.h"
#include "engine/duckdb/file_pruning.h"
#include "engine/duckdb/row_sink.h"
#include "engine/duckdb/sink_function.h"
#include "engine/duckdb/table_condition.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {
namespace {

// Rows that Compute() may leave in memory, about; a few changes wait to be committed at a time.
constexpr uint64_t kKeptBytesMax = uint64_t{32} << 20;
constexpr const char* kFileColumn = "_qlake_file";
constexpr const char* kChangeType = "_change_type";
constexpr const char* kComingKeys = "temp.qlake_coming_keys";
constexpr const char* kGoneKeys = "temp.qlake_gone_keys";

std::string NameList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(QuoteName(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::vector<std::string> NamesOf(const std::vector<base::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

// The table's columns as the engine reads them.
std::vector<base::Column> ReadColumns(const delta::Snapshot& snapshot) {
  std::vector<base::Column> columns;
  for (const auto& field : delta::ParseSchema(snapshot)) {
    auto type = base::ParseSqlType(SqlTypeOf(field.type));
    switch (field.type.kind) {
      case delta::DataType::Kind::kByte:
      case delta::DataType::Kind::kShort:
        type = base::ColumnType{base::ColumnType::Kind::kInteger};
        break;
      case delta::DataType::Kind::kFloat:
        type = base::ColumnType{base::ColumnType::Kind::kDouble};
        break;
      default:
        QLAKE_CHECK(type);  // Or ShapeTable would have refused it.
    }
    columns.push_back({.name = field.name, .type = *type});
  }
  return columns;
}

bool IsKeyed(const TableChange& change) { return !change.remove_sql.empty(); }

// Whether single rows go, not whole files by their name or partition.
bool RemovesRows(const TableChange& change) { return IsKeyed(change) || !change.remove_where.empty(); }

void RequireOneWay(const TableChange& change) {
  int ways = (IsKeyed(change) ? 1 : 0) + (change.remove_where.empty() ? 0 : 1) + (change.replace ? 1 : 0) +
             (change.replace_partitions ? 1 : 0) + (change.fold_files.empty() ? 0 : 1);
  QLAKE_CHECK(ways <= 1);
  QLAKE_CHECK(!change.insert_matches_where || !change.remove_where.empty());
}

// The files that go whole, whatever stands in them.
std::vector<const delta::AddFile*> FilesThatGo(const std::optional<delta::Snapshot>& base, const TableChange& change) {
  std::vector<const delta::AddFile*> files;
  if (base && change.replace) {
    for (const auto& [path, file] : base->files()) files.push_back(&file);
  }
  for (const auto& path : change.fold_files) files.push_back(&base->files().at(path));
  return files;
}

// Joins rows called `alias` with a table of keys, which has them as _k0, _k1, ... and is found by its column _met.
std::string JoinKeys(std::string_view alias, const std::vector<std::string>& keys, std::string_view table) {
  std::vector<std::string> terms;
  for (size_t i = 0; i < keys.size(); ++i) {
    terms.push_back(fmt::format("{}.{} IS NOT DISTINCT FROM m._k{}", alias, QuoteName(keys[i]), i));
  }
  return fmt::format(" LEFT JOIN {} AS m ON {}", table, fmt::join(terms, " AND "));
}

std::string MakeKeys(std::string_view table, const std::vector<std::string>& keys, std::string_view from) {
  std::vector<std::string> list;
  for (size_t i = 0; i < keys.size(); ++i) list.push_back(fmt::format("t.{} AS _k{}", QuoteName(keys[i]), i));
  return fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT DISTINCT {}, TRUE AS _met FROM {}", table,
                     fmt::join(list, ", "), from);
}

}  // namespace

TableWriter::TableWriter(const Resources& resources, const TableTarget& target,
                         const std::optional<delta::Snapshot>& base)
    : resources_(resources), target_(target), base_(base), shape_(ShapeTable(target, base, resources.clock)) {
  columns_ = shape_.columns();
  for (const auto& constraint : shape_.constraints) {
    conditions_.push_back(TranslateCondition(resources_.connection, target.path, constraint, columns_));
  }
}

TableWriter::~TableWriter() = default;

void TableWriter::Compute(const TableChange& change) {
  RequireOneWay(change);
  RequireAllowed(change);
  conflict_ = FindFoldConflict(change);
  if (conflict_) return;
  base::CrashPoint("apply.before_files");
  // 1. The rows, and data files of what memory does not keep. A crash in here leaves files that no version names.
  check_ = MakeCheck(change);
  sink_ = MakeSink(check_->empty() ? nullptr : &*check_);
  RemoveFiles(FilesThatGo(base_, change));
  RemoveRows(change, *sink_);
  InsertRows(change, *check_, *sink_);
  if (change.replace_partitions || sink_->bytes() > kKeptBytesMax) WriteKeptRows();
  FinishChanges();
  if (change.replace_partitions) RemovePartitionsOf(files_);
  RequireNewConstraints();
  RewriteNarrowFiles();
  removal_.reset();  // It has tables in the engine.
}

ApplyReport TableWriter::Commit(const TableChange& change, const ApplyOptions& options) {
  if (conflict_) {
    report_.outcome = *conflict_;
    return report_;
  }
  // 2. The other data files.
  WriteKeptRows();
  base::CrashPoint("apply.after_files");
  // 3. The commit, which makes them durable first and then visible, with the progress.
  std::vector<delta::ChangeFile> change_files;
  for (const auto& file : change_files_) change_files.push_back({file.path, file.partition_values, file.size_bytes});
  report_.outcome = CommitFiles(
      resources_.storage, resources_.clock,
      {target_, base_, change, shape_, std::move(removed_files_), std::move(files_), std::move(change_files)}, options,
      report_);
  return report_;
}

void TableWriter::WriteKeptRows() {
  if (!sink_) return;
  auto files = sink_->Finish();
  files_.insert(files_.begin(), std::move_iterator(files.begin()), std::move_iterator(files.end()));
  sink_.reset();
}

void TableWriter::Check(const TableChange& change) {
  RequireOneWay(change);
  RequireAllowed(change);
  const RowCheck check = MakeCheck(change);
  if (!check.empty() && !change.insert_sql.empty()) RequireRows(SelectWithTypes(change.insert_sql), check);
  bool all_rows_stay = !RemovesRows(change) && !change.replace && !change.replace_partitions;
  if (all_rows_stay) RequireNewConstraints();
}

void TableWriter::RequireAllowed(const TableChange& change) const {
  bool removes = RemovesRows(change) || change.replace || change.replace_partitions || !change.fold_files.empty();
  if (!base_ || !removes || !delta::IsAppendOnly(shape_.metadata)) return;
  throw base::InputError("table {} is append-only (delta.appendOnly): no rows can be removed from it", target_.path);
}

RowCheck TableWriter::MakeCheck(const TableChange& change) {
  RowCheck check(target_.path, columns_);
  for (size_t i = 0; i < conditions_.size(); ++i) {
    const auto& constraint = shape_.constraints[i];
    check.Add(fmt::format("the constraint \"{}\" ({})", constraint.name, constraint.sql), conditions_[i]);
  }
  if (change.insert_matches_where) {
    check.Add(fmt::format("the condition that it is to replace by ({})", change.remove_where), change.remove_where);
  }
  return check;
}

std::unique_ptr<RowSink> TableWriter::MakeSink(const RowCheck* check) const {
  RowSink::Options options;
  options.table_path = target_.path;
  options.columns = columns_;
  options.partition_columns = target_.partition_columns;
  options.bytes_max = resources_.row_sink_bytes_max;
  options.threads = resources_.threads;
  auto indexed = delta::IndexedColumnsOf(shape_.metadata);
  options.encode.indexed_columns_max = indexed.first_columns;
  options.encode.indexed_columns = std::move(indexed.names);
  options.check = check;
  return std::make_unique<RowSink>(resources_.storage, resources_.clock, std::move(options), resources_.cancelled);
}

// PROTOCOL.md, "Change Data Files".
std::unique_ptr<RowSink> TableWriter::MakeChangeSink() const {
  RowSink::Options options;
  options.table_path = target_.path;
  options.columns = columns_;
  options.columns.push_back({.name = kChangeType, .type = {base::ColumnType::Kind::kString}});
  options.partition_columns = target_.partition_columns;
  options.bytes_max = resources_.row_sink_bytes_max / 2;
  options.threads = resources_.threads;
  options.folder = "_change_data/";
  options.file_prefix = "cdc-";
  return std::make_unique<RowSink>(resources_.storage, resources_.clock, std::move(options), resources_.cancelled);
}

// Their rows are in the insert already, counted twice if another writer put them into files that stay.
std::optional<delta::Conflict> TableWriter::FindFoldConflict(const TableChange& change) const {
  for (const auto& path : change.fold_files) {
    if (base_ && base_->files().contains(path)) continue;
    return delta::Conflict{base_ ? base_->version() : delta::kNoVersion, "it no longer has the file " + path};
  }
  return std::nullopt;
}

void TableWriter::RemoveFiles(const Files& files) {
  Files uncounted;
  for (const auto* file : files) {
    Remove(*file);
    if (auto rows = RecordCountOf(*file)) {
      report_.rows_removed += *rows;
    } else {
      uncounted.push_back(file);
    }
  }
  if (uncounted.empty()) return;
  ResultStream counted = resources_.connection.Stream(fmt::format("SELECT count(*) FROM ({})", Select(uncounted)));
  ChunkHandle chunk;
  QLAKE_CHECK(counted.Next(chunk));
  report_.rows_removed += VectorView(duckdb_data_chunk_get_vector(chunk.get(), 0)).At<int64_t>(0);
}

void TableWriter::RemoveRows(const TableChange& change, RowSink& sink) {
  if (!base_ || !RemovesRows(change) || base_->files().empty()) return;
  removal_.emplace(resources_.connection, change, ReadColumns(*base_));
  if (auto decided = removal_->FilesDecidedByPartition(*base_)) {
    RemoveFiles(*decided);
    return;
  }
  Files all_touched = LiveFiles();
  Files kept = RemoveTouched(removal_->FilesThatMayHold(*base_));
  std::erase_if(all_touched, [&](const auto* file) { return !removed_paths_.contains(file->path); });
  if (all_touched.empty()) return;
  if (delta::KeepsChanges(shape_.metadata)) NoteRemovedRows(change, all_touched);
  if (kept.empty()) return;
  touched_ = kept;
  report_.rows_copied += AddRows(StreamWithTypes(fmt::format("SELECT {} FROM {}", NameList(shape_.present_columns),
                                                             removal_->Staying(Select(kept)))),
                                 sink);
}

TableWriter::Files TableWriter::RemoveTouched(const Files& candidates) {
  Files with_others;
  if (candidates.empty()) return with_others;
  std::map<std::string, const delta::AddFile*, std::less<>> file_of_url;
  for (const auto* file : candidates) file_of_url[resources_.storage.LocalPath(target_.path + "/" + file->path)] = file;
  ResultStream counts =
      resources_.connection.Stream(fmt::format("SELECT t.{0}, count(*) FROM {1} GROUP BY t.{0} ORDER BY t.{0}",
                                               kFileColumn, removal_->Going(Select(candidates, kFileColumn))));
  ChunkHandle chunk;
  while (counts.Next(chunk)) {
    VectorView urls(duckdb_data_chunk_get_vector(chunk.get(), 0));
    VectorView rows(duckdb_data_chunk_get_vector(chunk.get(), 1));
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
      auto found = file_of_url.find(urls.TextAt(row));
      QLAKE_CHECK(found != file_of_url.end());
      report_.rows_removed += rows.At<int64_t>(row);
      Remove(*found->second);
      if (RecordCountOf(*found->second) != rows.At<int64_t>(row)) with_others.push_back(found->second);
    }
  }
  return with_others;
}

// From here on the version tells its changes in files of their own, and then all of them (PROTOCOL.md, "Add CDC File").
void TableWriter::NoteRemovedRows(const TableChange& change, const Files& touched) {
  changes_ = MakeChangeSink();
  std::string going = fmt::format("(SELECT * FROM {}) AS t", removal_->Going(Select(touched)));
  std::string type = "'delete'";
  if (IsKeyed(change) && !change.insert_sql.empty()) {
    update_keys_ = change.key_columns;
    resources_.connection.Run(
        MakeKeys(kComingKeys, update_keys_, fmt::format("({}\n) AS t", SelectWithTypes(change.insert_sql))));
    resources_.connection.Run(MakeKeys(kGoneKeys, update_keys_, going));
    going += JoinKeys("t", update_keys_, kComingKeys);
    type = "CASE WHEN m._met THEN 'update_preimage' ELSE 'delete' END";
  }
  std::vector<std::string> list;
  for (const auto& column : columns_) {
    bool is_present = std::ranges::find(shape_.present_columns, column.name) != shape_.present_columns.end();
    std::string name = QuoteName(column.name);
    list.push_back(
        fmt::format("CAST({} AS {}) AS {}", is_present ? "t." + name : "NULL", base::FormatSqlType(column.type), name));
  }
  AddRows(resources_.connection.Stream(
              fmt::format("SELECT {}, {} AS {} FROM {}", fmt::join(list, ", "), type, kChangeType, going)),
          *changes_);
}

void TableWriter::InsertRows(const TableChange& change, const RowCheck& check, RowSink& sink) {
  if (change.insert_sql.empty()) return;
  if (check.empty() && !changes_ && !change.clustered) {
    report_.rows_inserted += AddRows(StreamWithTypes(change.insert_sql), sink);
    return;
  }
  std::string select = SelectForInsert(SelectWithTypes(change.insert_sql), check);
  if (!change.clustered || changes_) {
    report_.rows_inserted += AddRows(resources_.connection.Stream(select), sink, changes_.get());
    return;
  }
  int64_t rows_before = sink.rows();
  std::vector<std::string> names = NamesOf(columns_);
  if (!check.empty()) names.emplace_back(RowCheck::kColumn);
  resources_.sink_function.Run(select, names, sink);
  report_.rows_inserted += sink.rows() - rows_before;
}

void TableWriter::FinishChanges() {
  if (!changes_) return;
  change_files_ = changes_->Finish();
  if (update_keys_.empty()) return;
  resources_.connection.Run(fmt::format("DROP TABLE {}; DROP TABLE {}", kComingKeys, kGoneKeys));
}

void TableWriter::RemovePartitionsOf(const std::vector<delta::AddFile>& files) {
  std::set<delta::PartitionValues> replaced;
  for (const auto& file : files) replaced.insert(file.partition_values);
  Files going;
  for (const auto* file : LiveFiles()) {
    if (replaced.contains(file->partition_values)) going.push_back(file);
  }
  RemoveFiles(going);
}

void TableWriter::RewriteNarrowFiles() {
  // A partition value is a text in the log, which reads as the wider type, too.
  bool is_in_files = std::ranges::any_of(shape_.schema.widened, [&](const std::string& name) {
    return std::ranges::find(target_.partition_columns, name) == target_.partition_columns.end();
  });
  Files narrow = LiveFiles();
  if (!is_in_files || narrow.empty()) return;
  auto sink = MakeSink(nullptr);
  report_.rows_copied += AddRows(StreamWithTypes(Select(narrow)), *sink);
  for (auto& file : sink->Finish()) {
    file.data_change = false;
    files_.push_back(std::move(file));
  }
  for (const auto* file : narrow) Remove(*file, /*data_change=*/false);
}

void TableWriter::RequireNewConstraints() {
  if (!base_ || shape_.new_constraints.empty()) return;
  Files staying = LiveFiles();
  staying.insert(staying.end(), touched_.begin(), touched_.end());
  if (staying.empty()) return;
  RowCheck check(target_.path, columns_);
  for (size_t i = 0; i < shape_.constraints.size(); ++i) {
    const auto& constraint = shape_.constraints[i];
    if (std::ranges::find(shape_.new_constraints, constraint) == shape_.new_constraints.end()) continue;
    check.Add(fmt::format("the constraint \"{}\" ({}), which is new to the table", constraint.name, constraint.sql),
              conditions_[i]);
  }
  std::string rows = Select(staying);
  if (removal_) rows = fmt::format("SELECT {} FROM {}", NameList(shape_.present_columns), removal_->Staying(rows));
  RequireRows(SelectWithTypes(rows), check);
}

void TableWriter::Remove(const delta::AddFile& file, bool data_change) {
  delta::RemoveFile removed;
  removed.path = file.path;
  removed.deletion_timestamp_ms = resources_.clock.Now().us / 1000;
  removed.data_change = data_change;
  removed.partition_values = file.partition_values;
  removed.size_bytes = file.size_bytes;
  removed.deletion_vector = file.deletion_vector;
  removed_paths_.insert(file.path);
  removed_files_.push_back(std::move(removed));
}

TableWriter::Files TableWriter::LiveFiles() const {
  Files files;
  if (!base_) return files;
  for (const auto& [path, file] : base_->files()) {
    if (!removed_paths_.contains(path)) files.push_back(&file);
  }
  return files;
}

std::string TableWriter::Select(const Files& files, std::string_view file_column) const {
  return SelectFiles(resources_.storage, *base_, files, file_column);
}

int64_t TableWriter::AddRows(ResultStream rows, RowSink& sink, RowSink* changes) {
  int64_t count = 0;
  ChunkHandle chunk;
  while (rows.Next(chunk)) {
    if (resources_.cancelled) throw base::UnavailableError("interrupted");
    sink.Add(chunk.get());
    if (changes != nullptr) changes->Add(chunk.get());
    count += static_cast<int64_t>(duckdb_data_chunk_get_size(chunk.get()));
  }
  return count;
}

std::string TableWriter::SelectWithTypes(const std::string& sql) {
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  resources_.connection.DescribeSelect(sql, names, types);
  return HasTypes(names, types) ? sql : CastToTypes(sql, names);
}

// Nearly all have the types, and to ask first would be to plan them twice.
ResultStream TableWriter::StreamWithTypes(const std::string& sql) {
  std::vector<std::string> names;
  {
    ResultStream stream = resources_.connection.Stream(sql);
    if (HasTypes(stream.names(), stream.types())) return stream;
    names = stream.names();
  }
  return resources_.connection.Stream(CastToTypes(sql, names));
}

bool TableWriter::HasTypes(const std::vector<std::string>& names, const std::vector<LogicalType>& types) const {
  bool fits = names.size() == columns_.size();
  for (size_t i = 0; fits && i < names.size(); ++i) {
    fits = names[i] == columns_[i].name && IsStoredAs(types[i], columns_[i].type);
  }
  return fits;
}

std::string TableWriter::CastToTypes(const std::string& sql, const std::vector<std::string>& names) const {
  std::vector<std::string> list;
  for (const auto& column : columns_) {
    bool is_given = std::find(names.begin(), names.end(), column.name) != names.end();
    list.push_back(fmt::format("CAST({} AS {}) AS {}", is_given ? QuoteName(column.name) : "NULL",
                               base::FormatSqlType(column.type), QuoteName(column.name)));
  }
  for (const auto& name : names) {
    if (std::ranges::find(columns_, name, &base::Column::name) == columns_.end()) {
      throw base::InputError("table {} is to be written with a column that it does not have: {}", target_.path, name);
    }
  }
  return fmt::format("SELECT {} FROM ({}\n)", fmt::join(list, ", "), sql);
}

std::string TableWriter::SelectForInsert(const std::string& sql, const RowCheck& check) const {
  if (check.empty() && !changes_) return sql;
  std::string list = NameList(NamesOf(columns_));
  std::string from = fmt::format("({}\n) AS i", sql);
  if (changes_) {
    bool may_update = !update_keys_.empty();
    if (may_update) from += JoinKeys("i", update_keys_, kGoneKeys);
    list += fmt::format(", {} AS {}",
                        may_update ? "CASE WHEN m._met THEN 'update_postimage' ELSE 'insert' END" : "'insert'",
                        kChangeType);
  }
  if (!check.empty()) list += ", " + check.Column();
  return fmt::format("SELECT {} FROM {}", list, from);
}

void TableWriter::RequireRows(const std::string& sql, const RowCheck& check) const {
  ResultStream broken = resources_.connection.Stream(fmt::format(
      "SELECT * FROM (SELECT *, {} FROM ({}\n)) WHERE {} IS NOT NULL LIMIT 1", check.Column(), sql, RowCheck::kColumn));
  ChunkHandle chunk;
  while (broken.Next(chunk)) check.Require(chunk.get());
}

}  // namespace qlake::engine
