#include "engine/duckdb/table_view.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/parallel.h"
#include "delta/path_encoding.h"
#include "delta/schema.h"
#include "delta/table_support.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/file_projection.h"
#include "engine/duckdb/partition_path.h"
#include "parquet/file_schema.h"

namespace qlake::engine {
namespace {

using Files = std::vector<const delta::AddFile*>;
using FileColumns = std::vector<parquet::Node>;
using Kind = delta::DataType::Kind;

constexpr const char* kUrlColumn = "_qlake_url";
constexpr const char* kRowColumn = "file_row_number";  // DuckDB's name for it.
// Each group of files is a SELECT of its own. Of more than these, those that differ in partition values alone are made
// one, which looks the values up; then DuckDB cannot leave files out by them.
constexpr size_t kGroupsMax = 64;

// Files that one read_parquet can read: they have the same columns, and their partition values stand in their folders'
// names, or are the same, or are looked up.
struct FileGroup {
  std::optional<size_t> column_count;         // Of our own files, see kColumnsTag.
  const FileColumns* file_columns = nullptr;  // Of all other files.
  enum class Values { kFolders, kCommon, kFacts } values_from = Values::kCommon;
  std::optional<delta::PartitionValues> common_values;  // Only where they are.
  bool has_deleted_rows = false;

  bool operator<(const FileGroup& other) const {
    return std::tie(column_count, file_columns, values_from, common_values, has_deleted_rows) <
           std::tie(other.column_count, other.file_columns, other.values_from, other.common_values,
                    other.has_deleted_rows);
  }
};
using Groups = std::map<FileGroup, Files>;

std::string NullAs(const std::string& name, const std::string& type) {
  return fmt::format("CAST(NULL AS {}) AS {}", type, QuoteName(name));
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

// Whether DuckDB makes the same value of the type from a folder's name as from the log's text.
bool FolderTellsType(Kind kind) {
  switch (kind) {
    case Kind::kByte:
    case Kind::kShort:
    case Kind::kInteger:
    case Kind::kLong:
    case Kind::kDecimal:
    case Kind::kBoolean:
    case Kind::kString:
    case Kind::kDate:
      return true;
    default:
      return false;
  }
}

// The value of a partition column from its text in the log (PROTOCOL.md, "Partition Value Serialization").
std::string FromText(const std::string& text_sql, const delta::DataType& type) {
  if (type.kind == Kind::kBinary) return fmt::format("encode({})", text_sql);
  return fmt::format("CAST({} AS {})", text_sql, SqlTypeOf(type));
}

size_t ReadThreads() { return std::max(4U, std::thread::hardware_concurrency()); }  // They wait for the disk.

std::string TagOf(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text.append(name).push_back('\0');
  return fmt::format("{}:{:016x}", names.size(), XXH3_64bits(text.data(), text.size()));
}

class FileSelect {
 public:
  FileSelect(const storage::Storage& storage, const delta::Snapshot& snapshot, std::string_view file_column,
             FactStore* fact_store)
      : storage_(storage),
        snapshot_(snapshot),
        columns_(delta::ParseSchema(snapshot)),
        url_column_(file_column.empty() ? kUrlColumn : file_column),
        shows_url_(!file_column.empty()),
        fact_store_(fact_store) {
    if (columns_.empty()) throw base::InputError("table {} has no columns", snapshot.table_path());
    for (const auto& name : snapshot.metadata().partition_columns) partition_columns_.push_back(FindColumn(name));
    is_mapped_ = ColumnMappingOf(snapshot.protocol(), snapshot.metadata()) != delta::ColumnMapping::kNone;
    std::vector<std::string> first_names;
    for (const auto& column : columns_) {
      first_names.push_back(column.name);
      count_of_tag_.emplace(TagOf(first_names), first_names.size());
    }
    // DuckDB would take every folder of the path for a partition, also one above the table: /data/country=de/lake.
    folders_tell_ = !is_mapped_ && storage.LocalPath(snapshot.table_path()).find('=') == std::string::npos &&
                    std::ranges::all_of(partition_columns_,
                                        [](const delta::Field* column) { return FolderTellsType(column->type.kind); });
  }

  std::string Build(const Files& files) {
    std::vector<std::string> paths;
    for (const auto* file : files) paths.push_back(delta::LocateFile(snapshot_.table_path(), file->path));
    storage_.FetchCopies(paths);
    ReadFileColumns(files);
    Groups groups = GroupFiles(files);
    KeepFacts(groups);
    std::vector<std::string> selects;
    for (const auto& [group, members] : groups) selects.push_back(Select(group, members));
    return Join(selects, "\nUNION ALL ");
  }

 private:
  const delta::Field* FindColumn(const std::string& name) const {
    auto found = std::ranges::find(columns_, name, &delta::Field::name);
    if (found != columns_.end()) return &*found;
    throw base::CorruptError("table {} is partitioned by a column that it does not have: {}", snapshot_.table_path(),
                             name);
  }

  bool IsPartitionColumn(const delta::Field& column) const {
    return std::ranges::find(partition_columns_, &column) != partition_columns_.end();
  }

  // How many of the table's columns, from the first on, a file of ours has. Nothing for another writer's, and for one
  // that was written for other columns: these have to be opened.
  std::optional<size_t> ColumnCountOf(const delta::AddFile& file) const {
    auto tag = file.tags.find(kColumnsTag);
    if (is_mapped_ || tag == file.tags.end()) return std::nullopt;
    auto count = count_of_tag_.find(tag->second);
    return count == count_of_tag_.end() ? std::nullopt : std::optional(count->second);
  }

  // The columns of other writers' files, each distinct list of them once.
  void ReadFileColumns(const Files& files) {
    Files foreign;
    for (const auto* file : files) {
      if (!ColumnCountOf(*file)) foreign.push_back(file);
    }
    std::vector<FileColumns> read(foreign.size());
    base::ParallelFor(foreign.size(), ReadThreads(), [&](size_t i) { read[i] = ReadSchemaOf(*foreign[i]); });
    for (size_t i = 0; i < foreign.size(); ++i) {
      auto known = std::ranges::find(distinct_columns_, read[i]);
      if (known == distinct_columns_.end()) known = distinct_columns_.insert(known, std::move(read[i]));
      columns_of_file_[foreign[i]] = &*known;
    }
  }

  FileColumns ReadSchemaOf(const delta::AddFile& file) const {
    std::string path = delta::LocateFile(snapshot_.table_path(), file.path);
    auto entry = storage_.Find(path);
    if (!entry) {
      throw base::CorruptError("table {} lacks a data file that its log names: {}", snapshot_.table_path(), path);
    }
    auto read = [&](uint64_t offset, uint64_t length) { return storage_.ReadRange(path, offset, length); };
    return parquet::ReadFileSchema(entry->bytes, read, path);
  }

  // By the columns' names, as the folders have them. An empty text stands for NULL, too.
  delta::PartitionValues ValuesOf(const delta::AddFile& file) const {
    delta::PartitionValues values;
    for (const auto* column : partition_columns_) {
      auto found = file.partition_values.find(column->physical_name);
      bool is_null = found == file.partition_values.end() || !found->second || found->second->empty();
      values[column->name] = is_null ? std::nullopt : found->second;
    }
    return values;
  }

  bool FoldersTell(const delta::AddFile& file, const delta::PartitionValues& values) const {
    const auto& names = snapshot_.metadata().partition_columns;
    return folders_tell_ && !names.empty() && FolderTellsValues(names, values) &&
           file.path.starts_with(PartitionFolder(names, values)) &&
           std::count(file.path.begin(), file.path.end(), '/') == static_cast<int64_t>(names.size());
  }

  FileGroup GroupOf(const delta::AddFile& file) const {
    FileGroup group;
    group.column_count = ColumnCountOf(file);
    if (!group.column_count) group.file_columns = columns_of_file_.at(&file);
    group.has_deleted_rows = file.deletion_vector.has_value();
    auto values = ValuesOf(file);
    if (FoldersTell(file, values)) {
      group.values_from = FileGroup::Values::kFolders;
    } else {
      group.common_values = std::move(values);
    }
    return group;
  }

  Groups GroupFiles(const Files& files) const {
    Groups groups;
    for (const auto* file : files) groups[GroupOf(*file)].push_back(file);
    if (groups.size() <= kGroupsMax || fact_store_ == nullptr) return groups;
    Groups merged;
    for (auto& [group, members] : groups) {
      FileGroup wider = group;
      if (group.values_from == FileGroup::Values::kCommon) {
        wider.values_from = FileGroup::Values::kFacts;
        wider.common_values.reset();
      }
      auto& together = merged[wider];
      together.insert(together.end(), members.begin(), members.end());
    }
    return merged;
  }

  // Hands over what the SELECTs will look up.
  void KeepFacts(const Groups& groups) {
    Files files;
    for (const auto& [group, members] : groups) {
      if (NeedsFacts(group)) files.insert(files.end(), members.begin(), members.end());
    }
    if (files.empty()) return;
    if (fact_store_ == nullptr) {
      throw base::InputError("table {} needs a feature that is not supported here: deletionVectors",
                             snapshot_.table_path());
    }
    std::vector<FileFacts> facts(files.size());
    base::ParallelFor(files.size(), ReadThreads(), [&](size_t i) { facts[i] = FactsOf(*files[i]); });
    FactsByUrl by_url;
    for (size_t i = 0; i < files.size(); ++i) by_url.emplace(UrlOf(*files[i]), std::move(facts[i]));
    facts_ = fact_store_->Add(std::move(by_url));
  }

  static bool NeedsFacts(const FileGroup& group) {
    return group.has_deleted_rows || group.values_from == FileGroup::Values::kFacts;
  }

  FileFacts FactsOf(const delta::AddFile& file) const {
    FileFacts facts;
    auto values = ValuesOf(file);
    for (const auto* column : partition_columns_) facts.partition_values.push_back(values.at(column->name));
    if (file.deletion_vector) {
      facts.deleted_rows = delta::DeletedRows::Read(storage_, snapshot_.table_path(), *file.deletion_vector);
    }
    return facts;
  }

  std::string Select(const FileGroup& group, const Files& files) const {
    RequireFreeNames(group);
    std::vector<std::string> list;
    for (size_t i = 0; i < columns_.size(); ++i) list.push_back(Column(group, i, files.front()->path));
    if (shows_url_) list.push_back(QuoteName(url_column_));
    std::string where;
    if (group.has_deleted_rows) {
      where = fmt::format(" WHERE _qlake_row_is_live({}, {}, {})", facts_, QuoteName(url_column_), kRowColumn);
    }
    return fmt::format("SELECT {} FROM {}{}", Join(list, ", "), Source(group, files), where);
  }

  // A file's own column of a name that DuckDB adds a column by would stand in its way.
  void RequireFreeNames(const FileGroup& group) const {
    if (!group.has_deleted_rows || group.file_columns == nullptr) return;
    if (std::ranges::find(*group.file_columns, kRowColumn, &parquet::Node::name) == group.file_columns->end()) return;
    throw base::InputError("table {} has deletion vectors and a column of a name that is not supported then: {}",
                           snapshot_.table_path(), kRowColumn);
  }

  std::string Column(const FileGroup& group, size_t index, const std::string& file) const {
    const auto& column = columns_[index];
    if (IsPartitionColumn(column)) return PartitionColumn(group, column);
    if (group.file_columns != nullptr) return FileProjection(*group.file_columns, file).Column(column);
    if (index >= *group.column_count) return NullAs(column.name, SqlTypeOf(column.type));
    return CastColumn(column);
  }

  static std::string CastColumn(const delta::Field& column) {
    return fmt::format("CAST({0} AS {1}) AS {0}", QuoteName(column.name), SqlTypeOf(column.type));
  }

  std::string PartitionColumn(const FileGroup& group, const delta::Field& column) const {
    if (group.values_from == FileGroup::Values::kFolders) return CastColumn(column);
    if (group.values_from == FileGroup::Values::kFacts) {
      auto number = std::ranges::find(partition_columns_, &column) - partition_columns_.begin();
      std::string text = fmt::format("_qlake_partition_value({}, {}, {})", facts_, QuoteName(url_column_), number);
      return fmt::format("{} AS {}", FromText(text, column.type), QuoteName(column.name));
    }
    const auto& value = group.common_values->at(column.name);
    if (!value) return NullAs(column.name, SqlTypeOf(column.type));
    return fmt::format("{} AS {}", FromText(QuoteLiteral(*value), column.type), QuoteName(column.name));
  }

  std::string UrlOf(const delta::AddFile& file) const {
    return storage_.LocalPath(delta::LocateFile(snapshot_.table_path(), file.path));
  }

  std::string Source(const FileGroup& group, const Files& files) const {
    std::vector<std::string> urls;
    for (const auto* file : files) urls.push_back(QuoteLiteral(PatternOf(UrlOf(*file))));
    return fmt::format("read_parquet([{}]{})", Join(urls, ", "), ReadOptions(group));
  }

  std::string ReadOptions(const FileGroup& group) const {
    std::string options = ", hive_partitioning = false";
    if (group.values_from == FileGroup::Values::kFolders) {
      options = fmt::format(", hive_partitioning = true, hive_types = {{{}}}", HiveTypes());
    }
    if (shows_url_ || NeedsFacts(group)) options += fmt::format(", filename = {}", QuoteLiteral(url_column_));
    if (group.has_deleted_rows) options += fmt::format(", {} = true", kRowColumn);
    return options;
  }

  std::string HiveTypes() const {
    std::vector<std::string> types;
    for (const auto* column : partition_columns_) {
      types.push_back(fmt::format("{}: {}", QuoteLiteral(column->name), QuoteLiteral(SqlTypeOf(column->type))));
    }
    return Join(types, ", ");
  }

  const storage::Storage& storage_;
  const delta::Snapshot& snapshot_;
  std::vector<delta::Field> columns_;
  std::vector<const delta::Field*> partition_columns_;
  std::string url_column_;
  bool shows_url_ = false;
  bool is_mapped_ = false;
  bool folders_tell_ = true;
  FactStore* fact_store_;
  int64_t facts_ = -1;
  std::list<FileColumns> distinct_columns_;
  std::map<const delta::AddFile*, const FileColumns*> columns_of_file_;
  std::map<std::string, size_t> count_of_tag_;
};

}  // namespace

std::string ColumnsTagOf(const std::vector<base::Column>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return TagOf(names);
}

std::string PatternOf(const std::string& url) {
  std::string pattern;
  for (char c : url) pattern += c == '*' || c == '?' || c == '[' ? std::string{'[', c, ']'} : std::string(1, c);
  return pattern;
}

std::string SelectFiles(const storage::Storage& storage, const delta::Snapshot& snapshot,
                        const std::vector<const delta::AddFile*>& files, std::string_view file_column,
                        FactStore* fact_store) {
  QLAKE_CHECK(!files.empty());
  return FileSelect(storage, snapshot, file_column, fact_store).Build(files);
}

std::string SelectAllFiles(const storage::Storage& storage, const delta::Snapshot& snapshot, FactStore* fact_store) {
  std::vector<const delta::AddFile*> files;
  for (const auto& [path, file] : snapshot.files()) files.push_back(&file);
  if (!files.empty()) return SelectFiles(storage, snapshot, files, "", fact_store);
  std::vector<std::string> list;
  for (const auto& column : delta::ParseSchema(snapshot)) {
    list.push_back(NullAs(column.name, SqlTypeOf(column.type)));
  }
  if (list.empty()) throw base::InputError("table {} has no columns", snapshot.table_path());
  return fmt::format("SELECT {} WHERE FALSE", Join(list, ", "));
}

std::string SelectNothing(const std::vector<base::Column>& columns) {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(NullAs(column.name, base::FormatSqlType(column.type)));
  return fmt::format("SELECT {} WHERE FALSE", Join(list, ", "));
}

}  // namespace qlake::engine
