#include "engine/spark/spark_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "delta/path_encoding.h"
#include "delta/table_support.h"
#include "engine/spark/spark_files.h"
#include "engine/sql_text.h"

namespace qlake::engine {
namespace {

// Goes whatever becomes of the merge.
struct MergeFolder {
  storage::Storage& storage;
  std::string path = std::string(kSparkMerges) + "/" + base::NewUuid();

  ~MergeFolder() {
    try {
      storage.RemoveFolder(path);
    } catch (const base::Error& error) {
      base::LogWarn("what Spark wrote for a compaction stays, vacuum removes it",
                    {{"folder", path}, {"why", error.message()}});
    }
  }
};

}  // namespace

SparkMerge::SparkMerge(const Resources& resources, const delta::Snapshot& snapshot)
    : resources_(resources), snapshot_(snapshot) {
  delta::RequireWritable(snapshot.table_path(), snapshot.protocol(), snapshot.metadata());
  columns_ = delta::FromSchemaJson(snapshot.metadata().schema_json);
}

MergedFiles SparkMerge::Merge(const FileMerge& merge) {
  MergeFolder folder{resources_.storage};
  MergedFiles merged;
  std::string rows = SelectRows(merge);
  merged.before = Digest(rows);
  merged.files = WriteSparkFiles(resources_.engine, resources_.storage, folder.path,
                                 {.sql = rows,
                                  .columns = columns_,
                                  .partition_columns = snapshot_.metadata().partition_columns,
                                  .metadata = snapshot_.metadata(),
                                  .as_one_file = true,
                                  .order_by = merge.sort_by});
  merged.after = Digest("SELECT * FROM " + SparkFolder("delta", resources_.storage.Url(folder.path)));
  for (auto& file : merged.files) file.data_change = false;
  MoveSparkFiles(resources_.storage, folder.path, snapshot_.table_path(), merged.files);
  return merged;
}

// The rows of the files, of which the partitions alone are read that they are of.
std::string SparkMerge::SelectRows(const FileMerge& merge) const {
  for (const auto& name : merge.sort_by) {
    if (std::ranges::find(columns_, name, &base::Column::name) != columns_.end()) continue;
    throw base::InputError("table {} is to be sorted by a column that it does not have: {}", snapshot_.table_path(),
                           name);
  }
  constexpr const char* kFile = "_qlake_file";
  std::vector<std::string> list;
  for (const auto& column : columns_) {
    list.push_back(fmt::format("CAST({0} AS {1}) AS {0}", Backquote(column.name), base::FormatDeltaType(column.type)));
  }
  std::vector<std::string> names;
  std::set<std::optional<std::string>> values;  // Of the first partition column.
  const auto& partitioning = snapshot_.metadata().partition_columns;
  for (const auto& path : merge.paths) {
    const auto& file = snapshot_.files().at(path);
    names.push_back(QuoteLiteral(delta::FileName(file.path)));
    if (!partitioning.empty()) values.insert(file.partition_values.at(partitioning.front()));
  }
  std::vector<std::string> conditions;
  for (const auto& value : values) {
    auto column = std::ranges::find(columns_, partitioning.front(), &base::Column::name);
    conditions.push_back(value ? fmt::format("{} = CAST({} AS {})", Backquote(column->name), QuoteLiteral(*value),
                                             base::FormatDeltaType(column->type))
                               : Backquote(column->name) + " IS NULL");
  }
  return fmt::format("SELECT {} FROM (SELECT *, _metadata.file_name AS {} FROM {} VERSION AS OF {}) WHERE {} IN ({}){}",
                     fmt::join(list, ", "), kFile, SparkFolder("delta", resources_.storage.Url(snapshot_.table_path())),
                     snapshot_.version(), kFile, fmt::join(names, ", "),
                     conditions.empty() ? "" : fmt::format(" AND ({})", fmt::join(conditions, " OR ")));
}

RowsDigest SparkMerge::Digest(const std::string& rows) const {
  // A NULL leaves the hash as it is, so that it is said where there is one.
  std::vector<std::string> hashed;
  for (const auto& column : columns_) {
    hashed.push_back(Backquote(column.name));
    hashed.push_back(Backquote(column.name) + " IS NULL");
  }
  auto answer = resources_.engine.Query(
      fmt::format("SELECT count(*), CAST(coalesce(sum(CAST(h AS DECIMAL(38,0))), 0) AS STRING), "
                  "CAST(coalesce(bit_xor(h), 0) AS STRING) FROM (SELECT xxhash64({}) AS h FROM ({}))",
                  fmt::join(hashed, ", "), rows));
  const auto& row = answer.rows.at(0);
  return {IntegerOf(row[0]), row[1].value_or(""), row[2].value_or("")};
}

}  // namespace qlake::engine
