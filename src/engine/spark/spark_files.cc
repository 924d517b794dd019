#include "engine/spark/spark_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "delta/snapshot.h"
#include "delta/table_properties.h"
#include "engine/sql_text.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

constexpr size_t kMoveThreads = 8;  // They wait for the storage.

// Of what Delta Lake keeps statistics.
bool HasStatistics(const base::Column& column) {
  return !column.personal && column.type.kind != Kind::kBoolean && column.type.kind != Kind::kBinary;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> ColumnsWithStatistics(const SparkRows& rows) {
  auto indexed = delta::IndexedColumnsOf(rows.metadata);
  std::vector<std::string> names;
  int position = 0;
  for (const auto& column : rows.columns) {
    if (Contains(rows.partition_columns, column.name)) continue;
    bool is_indexed = indexed.names ? Contains(*indexed.names, column.name)
                                    : indexed.first_columns < 0 || position < indexed.first_columns;
    ++position;
    if (is_indexed && HasStatistics(column)) names.push_back(column.name);
  }
  return names;
}

// The rows as they are to come to those who write them.
std::string InPlace(const SparkRows& rows) {
  std::string sql = rows.sql;
  if (!rows.partition_columns.empty()) {
    // One task writes a partition, so that it gets one file and not one of each task.
    sql = fmt::format("SELECT * FROM ({}) DISTRIBUTE BY {}", sql, BackquoteAll(rows.partition_columns));
  } else if (rows.as_one_file) {
    sql = fmt::format("SELECT /*+ REPARTITION(1) */ * FROM ({})", sql);
  }
  if (rows.order_by.empty()) return sql;
  auto order = rows.partition_columns;
  order.insert(order.end(), rows.order_by.begin(), rows.order_by.end());
  return fmt::format("{} SORT BY {}", sql, BackquoteAll(order));
}

}  // namespace

std::string Backquote(const std::string& name) {
  std::string quoted = "`";
  for (char c : name) {
    if (c == '`') quoted.push_back('`');
    quoted.push_back(c);
  }
  return quoted + "`";
}

std::string BackquoteAll(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(Backquote(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string SparkUrl(const std::string& url) { return (url.starts_with('/') ? "file:" : "") + url; }

std::string SparkFolder(std::string_view format, const std::string& url) {
  return fmt::format("{}.{}", format, Backquote(SparkUrl(url)));
}

std::vector<delta::AddFile> WriteSparkFiles(Engine& engine, storage::Storage& storage, const std::string& folder,
                                            const SparkRows& rows) {
  std::string partitions;
  if (!rows.partition_columns.empty()) {
    partitions = fmt::format(" PARTITIONED BY ({})", BackquoteAll(rows.partition_columns));
  }
  std::vector<std::string> statistics = ColumnsWithStatistics(rows);
  std::string indexed =
      statistics.empty() ? "'delta.dataSkippingNumIndexedCols' = '0'"
                         : fmt::format("'delta.dataSkippingStatsColumns' = {}", QuoteLiteral(BackquoteAll(statistics)));
  engine.Run(
      fmt::format("CREATE TABLE {} USING delta{} TBLPROPERTIES ({}, 'delta.columnMapping.mode' = 'none', "
                  "'delta.enableDeletionVectors' = 'false') AS {}",
                  SparkFolder("delta", storage.Url(folder)), partitions, indexed, InPlace(rows)));
  auto written = delta::Snapshot::Load(storage, folder);
  if (!written) {
    throw base::IoError("Spark wrote files that are not there, does it reach the lake under the same path? {}",
                        storage.Url(folder));
  }
  std::vector<delta::AddFile> files;
  for (const auto& [path, file] : written->files()) {
    files.push_back(file);
    files.back().data_change = true;
    files.back().tags = {};
  }
  return files;
}

void MoveSparkFiles(storage::Storage& storage, const std::string& folder, const std::string& table_path,
                    const std::vector<delta::AddFile>& files) {
  base::ParallelFor(files.size(), kMoveThreads,
                    [&](size_t i) { storage.Move(folder + "/" + files[i].path, table_path + "/" + files[i].path); });
}

}  // namespace qlake::engine
