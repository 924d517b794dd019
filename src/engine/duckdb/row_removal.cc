#include "engine/duckdb/row_removal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {
namespace {

constexpr const char* kRemovedKeys = "temp.qlake_removed_keys";
constexpr const char* kGroup = "_qlake_group";

const base::Column& ColumnNamed(const std::vector<base::Column>& columns, const std::string& name) {
  auto found = std::ranges::find(columns, name, &base::Column::name);
  if (found == columns.end()) throw base::InputError("sql: the table has no column {} to find rows by", name);
  return *found;
}

// Distinct partition values, each with its files.
using FilesByPartition = std::map<delta::PartitionValues, std::vector<const delta::AddFile*>>;

FilesByPartition GroupByPartition(const delta::Snapshot& snapshot) {
  FilesByPartition groups;
  for (const auto& [path, file] : snapshot.files()) groups[file.partition_values].push_back(&file);
  return groups;
}

// "(VALUES (0, '2023-05-20', NULL), ...)": the number of each group and its values.
std::string ListValues(const FilesByPartition& groups, const std::vector<base::Column>& columns) {
  std::vector<std::string> rows;
  for (const auto& [values, files] : groups) {
    std::string row = fmt::format("({}", rows.size());
    for (const auto& column : columns) {
      auto value = values.find(column.name);
      bool is_null = value == values.end() || !value->second;
      row += ", " + (is_null ? std::string("CAST(NULL AS VARCHAR)") : QuoteLiteral(*value->second));
    }
    rows.push_back(row + ")");
  }
  return fmt::format("(VALUES {})", fmt::join(rows, ", "));
}

// Whether values of the types are compared as they are.
bool AreCompared(base::ColumnType a, base::ColumnType b) {
  auto is_integer = [](base::ColumnType type) {
    return type.kind == base::ColumnType::Kind::kInteger || type.kind == base::ColumnType::Kind::kLong;
  };
  return a == b || (is_integer(a) && is_integer(b));
}

}  // namespace

RowRemoval::RowRemoval(Connection& connection, const TableChange& change, const std::vector<base::Column>& columns)
    : connection_(connection), columns_(columns), where_(change.remove_where) {
  if (!change.remove_sql.empty()) {
    ComputeKeys(change);
    return;
  }
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  connection_.DescribeSelect(fmt::format("SELECT ({}\n) FROM ({})", where_, SelectNothing(columns_)), names, types);
  if (types.at(0).id != DUCKDB_TYPE_BOOLEAN) {
    throw base::InputError("sql: rows cannot be removed by what is neither true nor false: {}", where_);
  }
  ranges_ = RangesOf(connection_.AskText("SELECT json_serialize_sql($1)", fmt::format("SELECT ({}\n)", where_)));
}

RowRemoval::~RowRemoval() {
  if (key_columns_.empty()) return;
  try {
    connection_.Run(fmt::format("DROP TABLE IF EXISTS {}", kRemovedKeys));
  } catch (const base::Error&) {
    // It is replaced by the next one.
  }
}

void RowRemoval::ComputeKeys(const TableChange& change) {
  QLAKE_CHECK(!change.key_columns.empty());
  std::vector<std::string> keys;
  for (const auto& name : change.key_columns) {
    key_columns_.push_back(ColumnNamed(columns_, name));
    keys.push_back(QuoteName(name));
  }
  connection_.Run(fmt::format("CREATE OR REPLACE TEMP TABLE qlake_removed_keys AS SELECT DISTINCT {} FROM ({}\n)",
                              fmt::join(keys, ", "), change.remove_sql));
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  connection_.DescribeSelect(fmt::format("FROM {}", kRemovedKeys), names, types);
  for (size_t i = 0; i < key_columns_.size(); ++i) {
    // Keys of another type are compared as that type, for which the column's statistics were not made.
    auto type = ToColumnType(types[i]);
    if (type && AreCompared(*type, key_columns_[i].type)) AddRangeOfKeys(key_columns_[i].name);
  }
}

void RowRemoval::AddRangeOfKeys(const std::string& column) {
  ResultStream answer = connection_.Stream(
      fmt::format("SELECT CAST(min({0}) AS VARCHAR), CAST(max({0}) AS VARCHAR), count(*) - count({0}) FROM {1}",
                  QuoteName(column), kRemovedKeys));
  ChunkHandle chunk;
  QLAKE_CHECK(answer.Next(chunk));
  VectorView least(duckdb_data_chunk_get_vector(chunk.get(), 0));
  VectorView greatest(duckdb_data_chunk_get_vector(chunk.get(), 1));
  VectorView nulls(duckdb_data_chunk_get_vector(chunk.get(), 2));
  if (least.IsNull(0)) return;  // No keys, or NULLs alone: no bounds.
  ranges_.push_back({.column = column,
                     .least = std::string(least.TextAt(0)),
                     .greatest = std::string(greatest.TextAt(0)),
                     .has_null = nulls.At<int64_t>(0) > 0});
}

// Joins the rows of `t` with the removed keys `k`; keys that are NULL meet, too.
std::string RowRemoval::OnSameKey() const {
  std::vector<std::string> terms;
  for (const auto& column : key_columns_) {
    terms.push_back(fmt::format("t.{0} IS NOT DISTINCT FROM k.{0}", QuoteName(column.name)));
  }
  return fmt::format("{} AS k ON {}", kRemovedKeys, fmt::join(terms, " AND "));
}

std::string RowRemoval::Going(const std::string& select) const {
  if (key_columns_.empty()) return fmt::format("({}) AS t WHERE ({}\n)", select, where_);
  return fmt::format("({}) AS t SEMI JOIN {}", select, OnSameKey());
}

std::string RowRemoval::Staying(const std::string& select) const {
  if (key_columns_.empty()) return fmt::format("({}) AS t WHERE ({}\n) IS NOT TRUE", select, where_);
  return fmt::format("({}) AS t ANTI JOIN {}", select, OnSameKey());
}

std::optional<std::vector<const delta::AddFile*>> RowRemoval::FilesDecidedByPartition(
    const delta::Snapshot& snapshot) const {
  if (!key_columns_.empty()) return std::nullopt;
  std::vector<base::Column> columns;
  std::vector<std::string> list = {kGroup};
  std::vector<std::string> names = {kGroup};
  for (const auto& name : snapshot.metadata().partition_columns) {
    columns.push_back(ColumnNamed(columns_, name));
    names.push_back(fmt::format("_qlake_{}", names.size()));
    list.push_back(
        fmt::format("CAST({} AS {}) AS {}", names.back(), base::FormatSqlType(columns.back().type), QuoteName(name)));
  }
  auto groups = GroupByPartition(snapshot);
  std::string select = fmt::format("SELECT {} FROM (SELECT {} FROM {} AS v({})) AS t WHERE ({}\n)", kGroup,
                                   fmt::join(list, ", "), ListValues(groups, columns), fmt::join(names, ", "), where_);
  std::optional<ResultStream> answer;
  try {
    answer.emplace(connection_.Stream(select));
  } catch (const base::Error& error) {
    // It asks for other columns: the whole condition was bound to all of them before.
    if (error.kind() == base::ErrorKind::kInput) return std::nullopt;
    throw;
  }
  std::vector<std::vector<const delta::AddFile*>> files_of;
  for (auto& [values, files] : groups) files_of.push_back(std::move(files));
  std::vector<const delta::AddFile*> decided;
  ChunkHandle chunk;
  while (answer->Next(chunk)) {
    VectorView numbers(duckdb_data_chunk_get_vector(chunk.get(), 0));
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
      const auto& files = files_of.at(static_cast<size_t>(numbers.At<int32_t>(row)));
      decided.insert(decided.end(), files.begin(), files.end());
    }
  }
  return decided;
}

std::vector<const delta::AddFile*> RowRemoval::FilesThatMayHold(const delta::Snapshot& snapshot) const {
  return engine::FilesThatMayHold(snapshot, columns_, ranges_);
}

}  // namespace qlake::engine
