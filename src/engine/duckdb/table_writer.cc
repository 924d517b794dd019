#include "engine/duckdb/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/fault.h"
#include "delta/table_support.h"
#include "engine/duckdb/row_sink.h"
#include "engine/duckdb/sink_function.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {
namespace {

constexpr const char* kRemovedKeys = "temp.qlake_removed_keys";
constexpr const char* kFileColumn = "_qlake_file";

const base::Column* FindColumn(const std::vector<base::Column>& columns, const std::string& name) {
  auto found = std::find_if(columns.begin(), columns.end(), [&](const base::Column& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string NameList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(QuoteName(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string NameList(const std::vector<base::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return NameList(names);
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

// Joins the rows of `t` with the removed keys `k`; keys that are NULL meet, too.
std::string OnSameKey(const std::vector<std::string>& key_columns) {
  std::vector<std::string> terms;
  for (const auto& name : key_columns)
    terms.push_back(fmt::format("t.{0} IS NOT DISTINCT FROM k.{0}", QuoteName(name)));
  return fmt::format("{} AS k ON {}", kRemovedKeys, fmt::join(terms, " AND "));
}

}  // namespace

TableWriter::TableWriter(const Resources& resources, const TableTarget& target,
                         const std::optional<delta::Snapshot>& base)
    : resources_(resources), target_(target), base_(base) {
  if (base_) delta::RequireWritable(target.path, base_->protocol(), base_->metadata());
  if (base_) table_columns_ = delta::FromSchemaJson(base_->metadata().schema_json);
  if (base_ && base_->metadata().partition_columns != target.partition_columns) {
    throw base::InputError(
        "table {} is partitioned by ({}) and shall be written as partitioned by ({}): write a new table", target.path,
        fmt::join(base_->metadata().partition_columns, ", "), fmt::join(target.partition_columns, ", "));
  }
  MergeColumns();
}

// The table's columns in their order, then those that the target adds.
void TableWriter::MergeColumns() {
  columns_ = table_columns_;
  for (auto& column : columns_) {
    const auto* wanted = FindColumn(target_.columns, column.name);
    if (wanted == nullptr) continue;
    if (wanted->type != column.type) {
      throw base::InputError("table {} has column {} as {}, it cannot be written as {}", target_.path, column.name,
                             base::FormatSqlType(column.type), base::FormatSqlType(wanted->type));
    }
    column.personal = column.personal || wanted->personal;
  }
  for (const auto& column : target_.columns) {
    if (FindColumn(columns_, column.name) == nullptr) columns_.push_back(column);
  }
}

RowSink TableWriter::MakeSink() const {
  RowSink::Options options;
  options.table_path = target_.path;
  options.columns = columns_;
  options.partition_columns = target_.partition_columns;
  options.bytes_max = resources_.row_sink_bytes_max;
  options.threads = resources_.threads;
  return RowSink(resources_.storage, resources_.clock, std::move(options), resources_.cancelled);
}

ApplyReport TableWriter::Apply(const TableChange& change, const ApplyOptions& options) {
  QLAKE_CHECK(!change.replace || (change.remove_sql.empty() && change.fold_files.empty()));
  // Removed keys would be looked for in files that are gone.
  QLAKE_CHECK(change.fold_files.empty() || change.remove_sql.empty());
  if (auto conflict = FindFoldConflict(change)) {
    report_.outcome = *std::move(conflict);
    return report_;
  }
  base::CrashPoint("apply.before_files");
  // 1. The data files. A crash in here leaves files that no version names.
  RowSink sink = MakeSink();
  RemoveFiles(FilesThatGo(base_, change));
  if (base_ && !change.remove_sql.empty()) RemoveRows(change, sink);
  if (!change.insert_sql.empty()) InsertRows(change, sink);
  std::vector<delta::AddFile> files = sink.Finish();
  base::CrashPoint("apply.after_files");
  // 2. The commit, which makes them durable first and then visible, with the progress.
  report_.files_added = static_cast<int64_t>(files.size());
  report_.files_removed = static_cast<int64_t>(removed_files_.size());
  for (const auto& file : files) report_.bytes_written += static_cast<uint64_t>(file.size_bytes);
  report_.outcome = Commit(files, options);
  return report_;
}

// Their rows are in the insert already, counted twice if another writer put them into files that stay.
std::optional<delta::Conflict> TableWriter::FindFoldConflict(const TableChange& change) const {
  for (const auto& path : change.fold_files) {
    if (base_ && base_->files().contains(path)) continue;
    return delta::Conflict{base_ ? base_->version() : delta::kNoVersion, "it no longer has the file " + path};
  }
  return std::nullopt;
}

void TableWriter::RemoveFiles(const std::vector<const delta::AddFile*>& files) {
  if (files.empty()) return;
  for (const auto* file : files) Remove(*file);
  ResultStream counted = resources_.connection.Stream(
      fmt::format("SELECT count(*) FROM ({})", SelectFiles(resources_.storage, *base_, files)));
  ChunkHandle chunk;
  QLAKE_CHECK(counted.Next(chunk));
  report_.rows_removed += VectorView(duckdb_data_chunk_get_vector(chunk.get(), 0)).At<int64_t>(0);
}

void TableWriter::RemoveRows(const TableChange& change, RowSink& sink) {
  QLAKE_CHECK(!change.key_columns.empty());
  if (base_->files().empty()) return;
  resources_.connection.Run(
      fmt::format("CREATE OR REPLACE TEMP TABLE qlake_removed_keys AS SELECT DISTINCT {} FROM ({}\n)",
                  NameList(change.key_columns), change.remove_sql));
  std::vector<const delta::AddFile*> all;
  for (const auto& [path, file] : base_->files()) all.push_back(&file);
  std::string on_key = OnSameKey(change.key_columns);
  auto touched = FindFilesWithKeys(
      fmt::format("({}) AS t SEMI JOIN {}", SelectFiles(resources_.storage, *base_, all, kFileColumn), on_key));
  if (!touched.empty()) {
    AddRows(fmt::format("SELECT {} FROM ({}) AS t ANTI JOIN {}", NameList(table_columns_),
                        SelectFiles(resources_.storage, *base_, touched), on_key),
            sink);
    for (const auto* file : touched) Remove(*file);
  }
  resources_.connection.Run(fmt::format("DROP TABLE {}", kRemovedKeys));
}

std::vector<const delta::AddFile*> TableWriter::FindFilesWithKeys(const std::string& matches) {
  std::map<std::string, const delta::AddFile*, std::less<>> file_of_url;
  for (const auto& [path, file] : base_->files()) {
    file_of_url[resources_.storage.Url(target_.path + "/" + path)] = &file;
  }
  std::vector<const delta::AddFile*> touched;
  ResultStream counts = resources_.connection.Stream(
      fmt::format("SELECT {0}, count(*) FROM {1} GROUP BY {0} ORDER BY {0}", kFileColumn, matches));
  ChunkHandle chunk;
  while (counts.Next(chunk)) {
    VectorView urls(duckdb_data_chunk_get_vector(chunk.get(), 0));
    VectorView rows(duckdb_data_chunk_get_vector(chunk.get(), 1));
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
      auto found = file_of_url.find(urls.TextAt(row));
      QLAKE_CHECK(found != file_of_url.end());
      touched.push_back(found->second);
      report_.rows_removed += rows.At<int64_t>(row);
    }
  }
  return touched;
}

void TableWriter::Remove(const delta::AddFile& file) {
  delta::RemoveFile removed;
  removed.path = file.path;
  removed.deletion_timestamp_ms = resources_.clock.Now().us / 1000;
  removed.partition_values = file.partition_values;
  removed.size_bytes = file.size_bytes;
  removed.deletion_vector = file.deletion_vector;
  removed_files_.push_back(std::move(removed));
}

void TableWriter::InsertRows(const TableChange& change, RowSink& sink) {
  if (!change.clustered) {
    report_.rows_inserted += AddRows(change.insert_sql, sink);
    return;
  }
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  resources_.connection.DescribeSelect(change.insert_sql, names, types);
  std::string select = Fits(names, types) ? change.insert_sql : SelectWithTypes(change.insert_sql, names);
  int64_t rows_before = sink.rows();
  resources_.sink_function.Run(select, columns_, sink);
  report_.rows_inserted += sink.rows() - rows_before;
}

int64_t TableWriter::AddRows(const std::string& sql, RowSink& sink) {
  std::string select;
  {
    // Only the answer tells the columns: to ask for them first would be to plan the statement twice.
    ResultStream stream = resources_.connection.Stream(sql);
    if (Fits(stream.names(), stream.types())) return AddAll(stream, sink);
    select = SelectWithTypes(sql, stream.names());
  }
  ResultStream stream = resources_.connection.Stream(select);
  return AddAll(stream, sink);
}

int64_t TableWriter::AddAll(ResultStream& stream, RowSink& sink) const {
  int64_t rows = 0;
  ChunkHandle chunk;
  while (stream.Next(chunk)) {
    if (resources_.cancelled) throw base::UnavailableError("interrupted");
    sink.Add(chunk.get());
    rows += static_cast<int64_t>(duckdb_data_chunk_get_size(chunk.get()));
  }
  return rows;
}

bool TableWriter::Fits(const std::vector<std::string>& names, const std::vector<LogicalType>& types) const {
  bool fits = names.size() == columns_.size();
  for (size_t i = 0; fits && i < names.size(); ++i) {
    fits = names[i] == columns_[i].name && IsStoredAs(types[i], columns_[i].type);
  }
  return fits;
}

std::string TableWriter::SelectWithTypes(const std::string& sql, const std::vector<std::string>& names) const {
  std::vector<std::string> list;
  for (const auto& column : columns_) {
    bool is_given = std::find(names.begin(), names.end(), column.name) != names.end();
    list.push_back(fmt::format("CAST({} AS {}) AS {}", is_given ? QuoteName(column.name) : "NULL",
                               base::FormatSqlType(column.type), QuoteName(column.name)));
  }
  for (const auto& name : names) {
    if (FindColumn(columns_, name) == nullptr) {
      throw base::InputError("table {} is to be written with a column that it does not have: {}", target_.path, name);
    }
  }
  return fmt::format("SELECT {} FROM ({}\n)", fmt::join(list, ", "), sql);
}

delta::CommitOutcome TableWriter::Commit(const std::vector<delta::AddFile>& files, const ApplyOptions& options) {
  bool changes = !base_ || grows() || !removed_files_.empty() || !files.empty() || !options.progress.empty();
  if (!changes) return delta::Committed{base_->version()};
  delta::Transaction transaction(resources_.storage, target_.path, base_);
  if (!base_ || grows()) transaction.Stage(MakeMetadata());
  for (const auto& file : removed_files_) transaction.Stage(file);
  for (const auto& file : files) transaction.Stage(file);
  for (const auto& progress : options.progress) transaction.Stage(progress);
  if (!options.fence_app.empty()) transaction.FenceBy(options.fence_app, options.fence_epoch);
  delta::CommitOptions commit = options.commit;
  commit.operation_metrics["numOutputRows"] = std::to_string(report_.rows_inserted);
  commit.operation_metrics["numAddedFiles"] = std::to_string(report_.files_added);
  commit.operation_metrics["numRemovedFiles"] = std::to_string(report_.files_removed);
  return std::move(transaction).Commit(resources_.clock, commit);
}

delta::Metadata TableWriter::MakeMetadata() const {
  delta::Metadata metadata;
  if (base_) {
    metadata = base_->metadata();
  } else {
    metadata.id = base::NewUuid();
    metadata.name = target_.path.substr(target_.path.rfind('/') + 1);
    metadata.description = target_.description;
    metadata.partition_columns = target_.partition_columns;
    metadata.created_time_ms = resources_.clock.Now().us / 1000;
  }
  metadata.schema_json = delta::ToSchemaJson(columns_);
  return metadata;
}

}  // namespace qlake::engine
