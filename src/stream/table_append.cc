#include "stream/table_append.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/parallel.h"
#include "engine/duckdb/file_pruning.h"
#include "engine/duckdb/partition_path.h"
#include "engine/duckdb/table_view.h"

namespace qlake::stream {
namespace {

constexpr size_t kThreads = 2;
constexpr int kAttemptsMax = 20;

}  // namespace

TableAppend::TableAppend(lake::Lake& lake, const lake::TableSchema& schema, std::string run_id)
    : lake_(lake), schema_(schema), run_id_(std::move(run_id)) {
  auto present = lake_.Load(schema_.name);
  if (present && present->metadata().partition_columns.empty()) StayUnpartitioned();
  engine::ApplyOptions options;
  options.commit.operation = "CREATE TABLE";
  options.commit.run_id = run_id_;
  // Another process may create it, too, or commit while we add a column.
  for (int attempt = 1;; ++attempt) {
    auto report = lake_.database().Apply(lake::TargetOf(schema_), lake_.Load(schema_.name), {}, options, lake_.clock());
    const auto* conflict = std::get_if<delta::Conflict>(&report.outcome);
    if (conflict == nullptr) break;
    if (attempt == kAttemptsMax) {
      throw base::UnavailableError("the table {} cannot be prepared, others commit to it all the time ({}): try again",
                                   schema_.name, conflict->reason);
    }
  }
  Refresh();
}

void TableAppend::StayUnpartitioned() {
  std::erase_if(schema_.columns, [&](const auto& column) {
    return std::ranges::find(schema_.partition_columns, column.name) != schema_.partition_columns.end();
  });
  schema_.partition_columns.clear();
}

delta::PartitionValues TableAppend::PartitionOf(const RowsOfFile& file) const {
  delta::PartitionValues values;
  for (const auto& name : schema_.partition_columns) values[name] = file.partition_values.at(name);
  return values;
}

void TableAppend::Refresh() {
  base_ =
      base_ ? base_->Refresh(lake_.storage()) : delta::Snapshot::Load(lake_.storage(), lake::TablePath(schema_.name));
  if (!base_) throw base::CorruptError("the table {} is gone while it is written", schema_.name);
  columns_ = delta::FromSchemaJson(base_->metadata().schema_json);
}

delta::CommitOutcome TableAppend::Commit(const std::vector<RowsOfFile>& files,
                                         const std::vector<delta::SetTransaction>& positions,
                                         std::vector<delta::AddFile> written) {
  delta::Transaction transaction(lake_.storage(), lake::TablePath(schema_.name), base_);
  int64_t rows = 0;
  for (const auto& file : files) rows += file.rows.rows();
  for (auto& file : written) {
    rows += engine::RecordCountOf(file).value_or(0);
    if (schema_.partition_columns.empty()) file.partition_values = {};
  }
  for (auto& file : Write(files)) written.push_back(std::move(file));
  size_t files_added = written.size();
  for (auto& file : written) transaction.Stage(std::move(file));
  for (const auto& position : positions) transaction.Stage(position);
  delta::CommitOptions options;
  options.operation = "STREAMING UPDATE";
  options.run_id = run_id_;
  options.operation_metrics["numOutputRows"] = std::to_string(rows);
  options.operation_metrics["numAddedFiles"] = std::to_string(files_added);
  auto outcome = std::move(transaction).Commit(lake_.clock(), options);
  Refresh();
  return outcome;
}

std::vector<delta::AddFile> TableAppend::Write(const std::vector<RowsOfFile>& files) const {
  std::vector<delta::AddFile> written(files.size());
  // Bounds of texts that come in any order leave no file out, and finding them takes a tenth of the time.
  parquet::EncodeOptions options;
  options.indexed_columns.emplace();
  for (const auto& column : columns_) {
    if (column.type.kind != base::ColumnType::Kind::kString) options.indexed_columns->push_back(column.name);
  }
  base::ParallelFor(files.size(), kThreads, [&](size_t i) {
    auto encoded = parquet::EncodeFile(files[i].rows, options);
    auto& file = written[i];
    file.partition_values = PartitionOf(files[i]);
    file.path = engine::PartitionFolder(schema_.partition_columns, file.partition_values) + "part-" + base::NewUuid() +
                ".zstd.parquet";
    lake_.storage().Write(lake::TablePath(schema_.name) + "/" + file.path, encoded.bytes);
    file.size_bytes = static_cast<int64_t>(encoded.bytes.size());
    file.modification_time_ms = lake_.clock().Now().us / 1000;
    file.stats = std::move(encoded.stats);
    file.tags[engine::kColumnsTag] = std::to_string(columns_.size());
  });
  return written;
}

}  // namespace qlake::stream
