#include "engine/duckdb/table_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/partition_path.h"

namespace qlake::engine {
namespace {

// Files that one read_parquet can read: they have the same columns, and their partition values stand in their folders'
// names, or are the same.
struct FileGroup {
  std::optional<size_t> column_count;                   // Nothing: another writer's file, which may lack any column.
  std::optional<delta::PartitionValues> common_values;  // Nothing: DuckDB takes them from the folders' names.

  bool operator<(const FileGroup& other) const {
    return std::tie(column_count, common_values) < std::tie(other.column_count, other.common_values);
  }
};

std::string NullAs(const base::Column& column) {
  return fmt::format("CAST(NULL AS {}) AS {}", base::FormatSqlType(column.type), QuoteName(column.name));
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

class FileSelect {
 public:
  FileSelect(const storage::Storage& storage, const delta::Snapshot& snapshot, std::string_view file_column)
      : storage_(storage),
        snapshot_(snapshot),
        columns_(delta::FromSchemaJson(snapshot.metadata().schema_json)),
        partition_columns_(snapshot.metadata().partition_columns),
        file_column_(file_column) {
    // DuckDB would take every folder of the path for a partition, also one above the table: /data/country=de/lake.
    folders_tell_ = storage.Url(snapshot.table_path()).find('=') == std::string::npos;
  }

  std::string Build(const std::vector<const delta::AddFile*>& files) const {
    std::map<FileGroup, std::vector<const delta::AddFile*>> groups;
    for (const auto* file : files) groups[GroupOf(*file)].push_back(file);
    std::vector<std::string> selects;
    for (const auto& [group, members] : groups) selects.push_back(Select(group, members));
    return Join(selects, "\nUNION ALL ");
  }

 private:
  bool IsPartitionColumn(const std::string& name) const {
    return std::find(partition_columns_.begin(), partition_columns_.end(), name) != partition_columns_.end();
  }

  // The protocol has an empty text stand for NULL, too (PROTOCOL.md, "Partition Value Serialization").
  delta::PartitionValues ValuesOf(const delta::AddFile& file) const {
    delta::PartitionValues values;
    for (const auto& column : partition_columns_) {
      auto found = file.partition_values.find(column);
      bool is_null = found == file.partition_values.end() || !found->second || found->second->empty();
      values[column] = is_null ? std::nullopt : found->second;
    }
    return values;
  }

  FileGroup GroupOf(const delta::AddFile& file) const {
    FileGroup group;
    auto tag = file.tags.find(kColumnsTag);
    size_t count = 0;
    if (tag != file.tags.end() &&
        std::from_chars(tag->second.data(), tag->second.data() + tag->second.size(), count).ec == std::errc()) {
      group.column_count = std::min(count, columns_.size());
    }
    auto values = ValuesOf(file);
    bool tells = folders_tell_ && FolderTellsValues(partition_columns_, values) &&
                 file.path.starts_with(PartitionFolder(partition_columns_, values)) &&
                 std::count(file.path.begin(), file.path.end(), '/') == static_cast<int64_t>(partition_columns_.size());
    if (!tells) group.common_values = std::move(values);
    return group;
  }

  std::string Select(const FileGroup& group, const std::vector<const delta::AddFile*>& files) const {
    std::vector<std::string> list;
    for (size_t i = 0; i < columns_.size(); ++i) list.push_back(Column(group, i));
    if (!file_column_.empty()) list.push_back(QuoteName(file_column_));
    return fmt::format("SELECT {} FROM {}", Join(list, ", "), Source(group, files));
  }

  std::string Column(const FileGroup& group, size_t index) const {
    const auto& column = columns_[index];
    bool is_partition = IsPartitionColumn(column.name);
    if (is_partition && group.common_values) {
      const auto& value = group.common_values->at(column.name);
      if (!value) return NullAs(column);
      return fmt::format("CAST({} AS {}) AS {}", QuoteLiteral(*value), base::FormatSqlType(column.type),
                         QuoteName(column.name));
    }
    if (!is_partition && group.column_count && index >= *group.column_count) return NullAs(column);
    return fmt::format("CAST({0} AS {1}) AS {0}", QuoteName(column.name), base::FormatSqlType(column.type));
  }

  std::string Source(const FileGroup& group, const std::vector<const delta::AddFile*>& files) const {
    std::vector<std::string> urls;
    for (const auto* file : files) {
      urls.push_back(QuoteLiteral(storage_.Url(snapshot_.table_path() + "/" + file->path)));
    }
    std::string read = fmt::format("read_parquet([{}]{})", Join(urls, ", "), ReadOptions(group));
    if (group.column_count) return read;
    // Only by looking at every file does DuckDB find out which columns another writer's files have between them; those
    // that none has are put in by name.
    std::vector<std::string> nulls;
    for (const auto& column : columns_) nulls.push_back(NullAs(column));
    return fmt::format("(SELECT {} WHERE FALSE UNION ALL BY NAME SELECT * FROM {})", Join(nulls, ", "), read);
  }

  std::string ReadOptions(const FileGroup& group) const {
    std::string options;
    if (group.common_values || partition_columns_.empty()) {
      options += ", hive_partitioning = false";
    } else {
      options += fmt::format(", hive_partitioning = true, hive_types = {{{}}}", HiveTypes());
    }
    if (!group.column_count) options += ", union_by_name = true";
    if (!file_column_.empty()) options += fmt::format(", filename = {}", QuoteLiteral(file_column_));
    return options;
  }

  std::string HiveTypes() const {
    std::vector<std::string> types;
    for (const auto& column : columns_) {
      if (!IsPartitionColumn(column.name)) continue;
      types.push_back(fmt::format("{}: {}", QuoteLiteral(column.name), QuoteLiteral(base::FormatSqlType(column.type))));
    }
    return Join(types, ", ");
  }

  const storage::Storage& storage_;
  const delta::Snapshot& snapshot_;
  std::vector<base::Column> columns_;
  const std::vector<std::string>& partition_columns_;
  std::string file_column_;
  bool folders_tell_ = true;
};

}  // namespace

std::string SelectFiles(const storage::Storage& storage, const delta::Snapshot& snapshot,
                        const std::vector<const delta::AddFile*>& files, std::string_view file_column) {
  QLAKE_CHECK(!files.empty());
  return FileSelect(storage, snapshot, file_column).Build(files);
}

std::string SelectAllFiles(const storage::Storage& storage, const delta::Snapshot& snapshot) {
  if (snapshot.files().empty()) return SelectNothing(delta::FromSchemaJson(snapshot.metadata().schema_json));
  std::vector<const delta::AddFile*> files;
  for (const auto& [path, file] : snapshot.files()) files.push_back(&file);
  return SelectFiles(storage, snapshot, files);
}

std::string SelectNothing(const std::vector<base::Column>& columns) {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(NullAs(column));
  return fmt::format("SELECT {} WHERE FALSE", Join(list, ", "));
}

}  // namespace qlake::engine
