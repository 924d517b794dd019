#include "engine/spark/spark_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/fault.h"
#include "delta/path_encoding.h"
#include "delta/table_properties.h"
#include "engine/duckdb/file_commit.h"
#include "engine/duckdb/file_pruning.h"
#include "engine/spark/spark_files.h"
#include "engine/sql_text.h"

namespace qlake::engine {
namespace {

constexpr const char* kFileColumn = "_qlake_file";

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string TypeName(const base::ColumnType& type) { return base::FormatDeltaType(type); }

}  // namespace

SparkChange::SparkChange(const Resources& resources, const TableTarget& target,
                         const std::optional<delta::Snapshot>& base, const TableChange& change,
                         const ApplyOptions& options)
    : resources_(resources),
      target_(target),
      base_(base),
      change_(change),
      options_(options),
      shape_(ShapeTable(target, base, resources.clock)) {
  QLAKE_CHECK(change_.remove_where.empty() && !change_.replace_partitions && !change_.insert_matches_where);
  RequireAllowed();
}

void SparkChange::RequireAllowed() const {
  bool removes = !change_.remove_sql.empty() || change_.replace || !change_.fold_files.empty();
  if (!base_ || !removes) return;
  if (delta::IsAppendOnly(shape_.metadata)) {
    throw base::InputError("table {} is append-only (delta.appendOnly): no rows can be removed from it", target_.path);
  }
  if (delta::KeepsChanges(shape_.metadata) && !change_.remove_sql.empty()) {
    throw base::InputError(
        "table {} keeps its changes (delta.enableChangeDataFeed), and rows of it go, which only duckdb writes down: "
        "--engine duckdb",
        target_.path);
  }
}

void SparkChange::Check() {
  if (!shape_.constraints.empty() && !change_.insert_sql.empty()) RequireRows(change_.insert_sql, shape_.constraints);
  // Those that stay have not been held against it yet.
  if (!change_.replace && base_ && !shape_.new_constraints.empty() && !base_->files().empty()) {
    RequireRows(fmt::format("SELECT t.* FROM {} VERSION AS OF {} AS t{}",
                            SparkFolder("delta", resources_.storage.Url(target_.path)), base_->version(),
                            change_.remove_sql.empty() ? "" : " LEFT ANTI JOIN " + Goes()),
                shape_.new_constraints);
  }
}

void SparkChange::Compute() {
  for (const auto& path : change_.fold_files) {
    if (base_ && base_->files().contains(path)) continue;
    conflict_ = delta::Conflict{base_ ? base_->version() : delta::kNoVersion, "it no longer has the file " + path};
    return;
  }
  base::CrashPoint("apply.before_files");
  RemoveWholeFiles();
  RemoveRows();
  Check();
  std::vector<std::string> selects;
  if (!change_.insert_sql.empty()) {
    std::vector<std::string> given;
    for (const auto& column : target_.columns) given.push_back(column.name);
    std::vector<std::string> list;
    for (const auto& column : shape_.columns()) {
      list.push_back(fmt::format("CAST({} AS {}) AS {}", Contains(given, column.name) ? Backquote(column.name) : "NULL",
                                 TypeName(column.type), Backquote(column.name)));
    }
    selects.push_back(fmt::format("SELECT {} FROM ({}\n)", fmt::join(list, ", "), change_.insert_sql));
  }
  if (!touched_.empty()) selects.push_back(StayingRows());
  if (!selects.empty()) WriteRows(selects);
}

void SparkChange::RemoveWholeFiles() {
  std::vector<const delta::AddFile*> files;
  if (base_ && change_.replace) {
    for (const auto& [path, file] : base_->files()) files.push_back(&file);
  }
  for (const auto& path : change_.fold_files) files.push_back(&base_->files().at(path));
  for (const auto* file : files) {
    report_.rows_removed += RecordCountOf(*file).value_or(0);
    Remove(*file);
  }
}

// A condition of a join: the row t is one of the keys g.
std::string SparkChange::Goes() const {
  std::vector<std::string> terms;
  for (const auto& key : change_.key_columns) terms.push_back(fmt::format("t.{0} <=> g.{0}", Backquote(key)));
  return fmt::format("({}\n) AS g ON {}", change_.remove_sql, fmt::join(terms, " AND "));
}

void SparkChange::RemoveRows() {
  if (!base_ || base_->files().empty()) return;
  std::set<std::string> removed;
  // A wider type is that of all files: those that stay as they are would have the narrow one.
  bool rewrites_all = std::ranges::any_of(
      shape_.schema.widened, [&](const std::string& name) { return !Contains(target_.partition_columns, name); });
  std::map<std::string, int64_t> going;  // Rows by the name of their file.
  if (!change_.remove_sql.empty()) {
    auto counted = resources_.engine.Query(fmt::format(
        "SELECT t.{0}, count(*) FROM (SELECT {1}, _metadata.file_name AS {0} FROM {2} VERSION AS OF {3}) AS t LEFT "
        "SEMI JOIN {4} GROUP BY t.{0}",
        kFileColumn, BackquoteAll(change_.key_columns), SparkFolder("delta", resources_.storage.Url(target_.path)),
        base_->version(), Goes()));
    for (const auto& row : counted.rows) going[row[0].value_or("")] = IntegerOf(row[1]);
  }
  for (const auto& file : removed_) removed.insert(file.path);
  size_t found = 0;
  for (const auto& [path, file] : base_->files()) {
    if (removed.contains(file.path)) continue;
    auto gone = going.find(std::string(delta::FileName(file.path)));
    if (gone == going.end() && !rewrites_all) continue;
    int64_t rows = gone == going.end() ? 0 : gone->second;
    if (gone != going.end()) ++found;
    report_.rows_removed += rows;
    Remove(file);
    if (RecordCountOf(file) == rows) continue;
    touched_.push_back(&file);
    report_.rows_copied += RecordCountOf(file).value_or(rows) - rows;
  }
  // Names of files are unique in a table, or a row would stay that shall go.
  QLAKE_CHECK(found == going.size());
}

void SparkChange::Remove(const delta::AddFile& file) {
  delta::RemoveFile removed;
  removed.path = file.path;
  removed.deletion_timestamp_ms = resources_.clock.Now().us / 1000;
  removed.partition_values = file.partition_values;
  removed.size_bytes = file.size_bytes;
  removed.deletion_vector = file.deletion_vector;
  removed_.push_back(std::move(removed));
}

std::string SparkChange::StayingRows() {
  std::vector<std::string> names;
  std::set<std::optional<std::string>> values;  // Of the first partition column: the other partitions are not read.
  std::string partition = target_.partition_columns.empty() ? "" : target_.partition_columns.front();
  for (const auto* file : touched_) {
    names.push_back(QuoteLiteral(delta::FileName(file->path)));
    if (!partition.empty()) values.insert(file->partition_values.at(partition));
  }
  std::vector<std::string> conditions;
  for (const auto& value : values) {
    auto column = std::ranges::find(shape_.columns(), partition, &base::Column::name);
    conditions.push_back(
        value ? fmt::format("{} = CAST({} AS {})", Backquote(partition), QuoteLiteral(*value), TypeName(column->type))
              : Backquote(partition) + " IS NULL");
  }
  std::vector<std::string> list;
  for (const auto& column : shape_.columns()) {
    bool is_present = Contains(shape_.present_columns, column.name);
    list.push_back(fmt::format("CAST({} AS {}) AS {}", is_present ? "t." + Backquote(column.name) : "NULL",
                               TypeName(column.type), Backquote(column.name)));
  }
  std::string keeps = change_.remove_sql.empty() ? "" : " LEFT ANTI JOIN " + Goes();
  return fmt::format(
      "SELECT {} FROM (SELECT * FROM (SELECT *, _metadata.file_name AS {} FROM {} VERSION AS OF {}) WHERE {} IN "
      "({}){}) AS t{}",
      fmt::join(list, ", "), kFileColumn, SparkFolder("delta", resources_.storage.Url(target_.path)), base_->version(),
      kFileColumn, fmt::join(names, ", "),
      conditions.empty() ? "" : fmt::format(" AND ({})", fmt::join(conditions, " OR ")), keeps);
}

void SparkChange::RequireRows(const std::string& rows, const std::vector<delta::Constraint>& constraints) {
  for (const auto& constraint : constraints) {
    std::vector<std::string> shown;
    for (const auto& column : target_.columns) {
      if (!column.personal) shown.push_back(Backquote(column.name));
    }
    auto broken = resources_.engine.Query(fmt::format("SELECT {} FROM ({}\n) WHERE NOT coalesce({}, FALSE) LIMIT 1",
                                                      fmt::join(shown, ", "), rows, constraint.sql));
    if (broken.rows.empty()) continue;
    std::string row;
    for (size_t i = 0; i < broken.columns.size(); ++i) {
      row += fmt::format("{}{}={}", i == 0 ? "" : ", ", broken.columns[i].name, broken.rows[0][i].value_or("NULL"));
    }
    throw base::InputError("table {}: a row breaks the constraint \"{}\" ({}): {}", target_.path, constraint.name,
                           constraint.sql, row);
  }
}

void SparkChange::WriteRows(const std::vector<std::string>& selects) {
  added_ = WriteSparkFiles(resources_.engine, resources_.storage, resources_.scratch_folder,
                           {.sql = fmt::format("{}", fmt::join(selects, " UNION ALL ")),
                            .columns = shape_.columns(),
                            .partition_columns = target_.partition_columns,
                            .metadata = shape_.metadata});
  int64_t count = 0;
  for (const auto& file : added_) count += RecordCountOf(file).value_or(0);
  report_.rows_inserted = count - report_.rows_copied;
}

ApplyReport SparkChange::Commit() {
  if (conflict_) {
    report_.outcome = *conflict_;
    return report_;
  }
  base::CrashPoint("spark.before_move");
  MoveSparkFiles(resources_.storage, resources_.scratch_folder, target_.path, added_);
  base::CrashPoint("apply.after_files");
  report_.outcome =
      CommitFiles(resources_.storage, resources_.clock,
                  {target_, base_, change_, shape_, std::move(removed_), std::move(added_), {}}, options_, report_);
  return report_;
}

}  // namespace qlake::engine
