#include "engine/duckdb/file_merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "delta/table_properties.h"
#include "delta/table_support.h"
#include "engine/duckdb/row_sink.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {

FileMerger::FileMerger(const Resources& resources, const delta::Snapshot& snapshot)
    : resources_(resources), snapshot_(snapshot) {
  delta::RequireWritable(snapshot.table_path(), snapshot.protocol(), snapshot.metadata());
  columns_ = delta::FromSchemaJson(snapshot.metadata().schema_json);
}

MergedFiles FileMerger::Merge(const FileMerge& merge) {
  std::vector<const delta::AddFile*> files;
  for (const auto& path : merge.paths) {
    QLAKE_CHECK(snapshot_.files().contains(path));
    files.push_back(&snapshot_.files().at(path));
  }
  MergedFiles merged;
  merged.before = Digest(files);
  RowSink::Options options;
  options.table_path = snapshot_.table_path();
  options.columns = columns_;
  options.partition_columns = snapshot_.metadata().partition_columns;
  options.bytes_max = merge.bytes_max;
  options.threads = resources_.threads;
  auto indexed = delta::IndexedColumnsOf(snapshot_.metadata());
  options.encode.indexed_columns_max = indexed.first_columns;
  options.encode.indexed_columns = std::move(indexed.names);
  RowSink sink(resources_.storage, resources_.clock, std::move(options), resources_.cancelled);
  {
    ResultStream stream = resources_.connection.Stream(SelectRows(files, merge));
    ChunkHandle chunk;
    while (stream.Next(chunk)) {
      if (resources_.cancelled) throw base::UnavailableError("interrupted");
      sink.Add(chunk.get());
    }
  }
  merged.files = sink.Finish();
  std::vector<const delta::AddFile*> written;
  for (auto& file : merged.files) {
    file.data_change = false;
    written.push_back(&file);
  }
  merged.after = Digest(written);
  return merged;
}

// Sorted, when wanted: the partition's columns first, so that the rows of one file come together. Else as they stand in
// the files, which needs no memory for all of them.
std::string FileMerger::SelectRows(const std::vector<const delta::AddFile*>& files, const FileMerge& merge) const {
  std::vector<std::string> list;
  for (const auto& column : columns_) {
    list.push_back(fmt::format("CAST({0} AS {1}) AS {0}", QuoteName(column.name), base::FormatSqlType(column.type)));
  }
  std::vector<std::string> order;
  if (!merge.sort_by.empty()) {
    for (const auto& name : snapshot_.metadata().partition_columns) order.push_back(QuoteName(name));
  }
  for (const auto& name : merge.sort_by) {
    if (std::ranges::find(columns_, name, &base::Column::name) == columns_.end()) {
      throw base::InputError("table {} is to be sorted by a column that it does not have: {}", snapshot_.table_path(),
                             name);
    }
    order.push_back(QuoteName(name));
  }
  return fmt::format("SELECT {} FROM ({}){}", fmt::join(list, ", "), SelectFiles(resources_.storage, snapshot_, files),
                     order.empty() ? "" : fmt::format(" ORDER BY {}", fmt::join(order, ", ")));
}

RowsDigest FileMerger::Digest(const std::vector<const delta::AddFile*>& files) {
  RowsDigest digest{0, "0", "0"};
  if (files.empty()) return digest;
  std::vector<std::string> names;
  for (const auto& column : columns_) names.push_back(QuoteName(column.name));
  ResultStream stream = resources_.connection.Stream(
      fmt::format("SELECT count(*), CAST(coalesce(sum(CAST(h AS HUGEINT)), 0) AS VARCHAR), "
                  "CAST(coalesce(bit_xor(h), 0) AS VARCHAR) FROM (SELECT hash({}) AS h FROM ({}))",
                  fmt::join(names, ", "), SelectFiles(resources_.storage, snapshot_, files)));
  ChunkHandle chunk;
  QLAKE_CHECK(stream.Next(chunk));
  digest.rows = VectorView(duckdb_data_chunk_get_vector(chunk.get(), 0)).At<int64_t>(0);
  digest.sum = VectorView(duckdb_data_chunk_get_vector(chunk.get(), 1)).TextAt(0);
  digest.exclusive_or = VectorView(duckdb_data_chunk_get_vector(chunk.get(), 2)).TextAt(0);
  return digest;
}

}  // namespace qlake::engine
