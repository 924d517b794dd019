#include "engine/duckdb/file_commit.h"

#include <set>

#include "base/json.h"
#include "engine/duckdb/commit_description.h"
#include "engine/duckdb/file_pruning.h"

namespace qlake::engine {
namespace {

// Whether rows of the table decide what the change is: another writer's rows would have been among them.
bool ReadsRows(const TableChange& change) {
  return !change.remove_sql.empty() || !change.remove_where.empty() || change.replace || change.replace_partitions;
}

void CountFiles(const FileCommit& files, ApplyReport& report) {
  report.files_added = static_cast<int64_t>(files.added.size());
  report.files_removed = static_cast<int64_t>(files.removed.size());
  report.change_files_added = static_cast<int64_t>(files.change_files.size());
  for (const auto& file : files.added) report.bytes_written += static_cast<uint64_t>(file.size_bytes);
  for (const auto& file : files.removed) report.bytes_removed += static_cast<uint64_t>(file.size_bytes);
}

void ForgetStatistics(FileCommit& files) {
  if (!files.base || files.shape.schema.made_personal.empty()) return;
  std::set<std::string> gone;
  for (const auto& file : files.removed) gone.insert(file.path);
  for (const auto& [path, file] : files.base->files()) {
    if (gone.contains(file.path)) continue;
    delta::AddFile forgetful = file;
    auto rows = RecordCountOf(file);
    forgetful.stats = rows ? base::Json{{"numRecords", *rows}}.dump() : std::string();
    forgetful.data_change = false;
    files.added.push_back(std::move(forgetful));
  }
}

}  // namespace

delta::CommitOutcome CommitFiles(storage::Storage& storage, const base::Clock& clock, FileCommit files,
                                 const ApplyOptions& options, ApplyReport& report) {
  CountFiles(files, report);
  ForgetStatistics(files);
  bool changes = files.shape.changes || !files.removed.empty() || !files.added.empty() || !options.progress.empty();
  if (!changes) return delta::Committed{files.base->version()};
  delta::Transaction transaction(storage, files.target.path, files.base);
  if (files.shape.changes) transaction.Stage(files.shape.metadata);
  for (auto& file : files.removed) transaction.Stage(std::move(file));
  for (auto& file : files.added) transaction.Stage(std::move(file));
  for (auto& file : files.change_files) transaction.Stage(std::move(file));
  for (const auto& progress : options.progress) transaction.Stage(progress);
  if (!options.fence_app.empty()) transaction.FenceBy(options.fence_app, options.fence_epoch);
  transaction.VouchForRows();
  if (ReadsRows(files.change)) transaction.ReadTable();
  delta::CommitOptions commit = options.commit;
  DescribeCommit(files.shape, files.base, files.change, report, commit);
  return std::move(transaction).Commit(clock, commit);
}

}  // namespace qlake::engine
