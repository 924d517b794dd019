#include "maintain/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/file_merge.h"
#include "engine/spark/spark_merge.h"
#include "lake/key_index.h"
#include "lake/key_index_update.h"
#include "lake/writer.h"
#include "maintain/open_partition.h"
#include "storage/path.h"

namespace qlake::maintain {
namespace {

// Rows take about so many times the bytes of their files in memory, while they wait to be written.
constexpr uint64_t kRowBytesPerFileByte = 8;
constexpr uint64_t kRowShareOfMemory = 2;  // Of the memory that the user grants, rows in waiting take one half.
constexpr size_t kBatchFilesMax = 2'000;   // Read by one query.
// What one commit stands for: so much work a kill may cost.
constexpr uint64_t kCommitBytes = uint64_t{256} << 20;
constexpr size_t kCommitFilesMax = 20'000;
constexpr int kCommitTries = 5;

struct Group {
  std::vector<std::string> paths;
  std::string partition;
  uint64_t bytes = 0;
};

// Files whose rows stand in other files now, which nobody knows yet.
struct MergedBatch {
  std::vector<delta::AddFile> from;
  std::vector<delta::AddFile> into;
  uint64_t bytes = 0;
  int64_t rows = 0;
};

std::string PartitionText(const delta::PartitionValues& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + (value ? "=" + *value : "") + "\n";
  return text;
}

bool AreLive(const std::vector<delta::AddFile>& files, const delta::Snapshot& snapshot) {
  return std::ranges::all_of(files, [&](const delta::AddFile& file) {
    auto live = snapshot.files().find(file.path);
    return live != snapshot.files().end() && delta::LogicalFileKey(live->second) == delta::LogicalFileKey(file);
  });
}

class TableCompactor {
 public:
  TableCompactor(lake::Lake& lake, const std::string& table, const CompactionOptions& options, WorkBudget& budget)
      : lake_(lake), options_(options), budget_(budget), snapshot_(*lake.Load(table)) {
    result_.table = table;
  }

  // True when the budget left something undone.
  bool Run() {
    CountBefore();
    auto groups = Plan();
    if (options_.dry_run) {
      Foresee(groups);
      return false;
    }
    size_t files_total = 0;
    for (const auto& group : groups) files_total += group.paths.size();
    while (!groups.empty() && !budget_.is_spent()) {
      Say(fmt::format("compacting {}: {} of {} files", result_.table, files_taken_, files_total));
      Merge(TakeBatch(groups));
      if (pending_bytes_ >= kCommitBytes || pending_files_ >= kCommitFilesMax) Commit();
    }
    Commit();
    CountAfter(*lake_.Load(result_.table));
    return !groups.empty();
  }

  const TableCompaction& result() const { return result_; }

 private:
  void Say(const std::string& stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  void CountBefore() {
    result_.version = snapshot_.version();
    result_.files_before = static_cast<int64_t>(snapshot_.files().size());
    for (const auto& [path, file] : snapshot_.files()) result_.bytes_before += static_cast<uint64_t>(file.size_bytes);
  }

  void CountAfter(const delta::Snapshot& snapshot) {
    result_.files_after = static_cast<int64_t>(snapshot.files().size());
    std::map<std::string, int64_t> small_files;
    for (const auto& [path, file] : snapshot.files()) {
      auto bytes = static_cast<uint64_t>(file.size_bytes);
      result_.bytes_after += bytes;
      if (bytes < FullBytes(options_.sizes)) ++small_files[PartitionText(file.partition_values)];
    }
    for (const auto& [partition, files] : small_files) result_.small_files_left += files > 1 ? files : 0;
  }

  // Those that gain most come first: the budget may not suffice for all.
  std::vector<Group> Plan() {
    std::map<std::string, std::vector<SizedFile>> partitions;
    std::set<std::string> open;
    base::Timestamp now = lake_.clock().Now();
    for (const auto& [path, file] : snapshot_.files()) {
      std::string partition = PartitionText(file.partition_values);
      if (!options_.open_partitions && IsOpenPartition(snapshot_.metadata(), file.partition_values, now)) {
        open.insert(partition);
      } else {
        partitions[partition].push_back({path, static_cast<uint64_t>(file.size_bytes)});
      }
    }
    result_.open_partitions = static_cast<int64_t>(open.size());
    std::vector<Group> groups;
    for (auto& [partition, files] : partitions) {
      for (auto& paths : PlanMerges(std::move(files), options_.sizes)) {
        Group group{std::move(paths), partition, 0};
        for (const auto& path : group.paths) {
          group.bytes += static_cast<uint64_t>(snapshot_.files().at(path).size_bytes);
        }
        groups.push_back(std::move(group));
      }
    }
    std::ranges::stable_sort(groups, std::greater(), [](const Group& group) { return group.paths.size(); });
    return groups;
  }

  void Foresee(const std::vector<Group>& groups) {
    for (const auto& group : groups) {
      result_.files_merged += static_cast<int64_t>(group.paths.size());
      ++result_.files_written;
      result_.bytes_read += group.bytes;
    }
    result_.files_after = result_.files_before - result_.files_merged + result_.files_written;
    result_.bytes_after = result_.bytes_before;
  }

  // What is read by one query: groups of different partitions, as many as one file's worth of rows.
  std::vector<Group> TakeBatch(std::vector<Group>& groups) {
    std::vector<Group> batch;
    std::vector<Group> rest;
    std::set<std::string> partitions;
    size_t files = 0;
    uint64_t bytes = 0;
    for (auto& group : groups) {
      bool fits = bytes + group.bytes <= options_.sizes.target_bytes && files + group.paths.size() <= kBatchFilesMax;
      if (!batch.empty() && (!fits || partitions.contains(group.partition))) {
        rest.push_back(std::move(group));
        continue;
      }
      bytes += group.bytes;
      files += group.paths.size();
      partitions.insert(group.partition);
      batch.push_back(std::move(group));
    }
    groups = std::move(rest);
    return batch;
  }

  // 1. The new files. A crash leaves files that no version names.
  void Merge(const std::vector<Group>& groups) {
    base::CrashPoint("compact.before_files");
    engine::FileMerge merge;
    MergedBatch batch;
    for (const auto& group : groups) {
      batch.bytes += group.bytes;
      for (const auto& path : group.paths) {
        merge.paths.push_back(path);
        batch.from.push_back(snapshot_.files().at(path));
      }
    }
    files_taken_ += batch.from.size();
    budget_.Spend(batch.bytes);
    result_.bytes_read += batch.bytes;
    if (auto sort_by = options_.sort_by.find(result_.table); sort_by != options_.sort_by.end()) {
      merge.sort_by = sort_by->second;
    }
    merge.bytes_max = options_.sizes.target_bytes * kRowBytesPerFileByte;
    auto merged = MergeFiles(merge);
    batch.into = std::move(merged.files);
    batch.rows = merged.before.rows;
    // 2. The proof. A crash: as above.
    if (merged.before != merged.after) {
      Forget(batch);
      throw base::CorruptError(
          "the rows of {} are not what they were after {} files became {}: {} rows of digest {} before, {} of {} "
          "after; nothing was committed: check the disk and the memory of the machine",
          result_.table, batch.from.size(), batch.into.size(), merged.before.rows, merged.before.sum, merged.after.rows,
          merged.after.sum);
    }
    if (batch.into.size() >= batch.from.size()) return Forget(batch);  // Rows that hardly compress: nothing is gained.
    base::CrashPoint("compact.after_files");
    pending_bytes_ += batch.bytes;
    pending_files_ += batch.from.size();
    pending_.push_back(std::move(batch));
  }

  engine::MergedFiles MergeFiles(const engine::FileMerge& merge) {
    if (lake_.uses_embedded_engine()) return lake_.database().MergeFiles(snapshot_, merge, lake_.clock());
    return engine::SparkMerge({lake_.engine(), lake_.storage()}, snapshot_).Merge(merge);
  }

  void Forget(const MergedBatch& batch) const {
    for (const auto& file : batch.into) {
      lake_.storage().Remove(storage::JoinPath(snapshot_.table_path(), file.path));
    }
  }

  // 3. The commit, under the lease. A crash leaves the files of before or those of after.
  void Commit() {
    if (pending_.empty()) return;
    auto writer = TakeLease();
    base::CrashPoint("compact.before_commit");
    for (int tries = 1;; ++tries) {
      auto newest = lake_.Load(result_.table);
      DropLost(newest);
      if (pending_.empty()) break;
      auto outcome = writer->Commit(Stage(*newest), CommitOptions());
      if (const auto* committed = std::get_if<delta::Committed>(&outcome)) {
        Note(committed->version);
        MoveKeyIndex(*newest, committed->version);
        break;
      }
      const auto& conflict = std::get<delta::Conflict>(outcome);
      base::LogInfo("a compaction lost a race and tries again",
                    {{"table", result_.table}, {"version", conflict.version}, {"reason", conflict.reason}});
      if (tries == kCommitTries) {
        throw base::UnavailableError("{} changes faster than it can be compacted (version {}: {}): try again later",
                                     result_.table, conflict.version, conflict.reason);
      }
    }
    base::CrashPoint("compact.after_commit");
    pending_.clear();
    pending_bytes_ = 0;
    pending_files_ = 0;
  }

  // Whoever holds it for longer than we may wait has the work that was done thrown away, not left lying.
  std::unique_ptr<lake::Writer> TakeLease() {
    try {
      return std::make_unique<lake::Writer>(lake_, options_.run_id, options_.lease_wait);
    } catch (const base::Error&) {
      for (const auto& batch : pending_) Forget(batch);
      throw;
    }
  }

  // Another writer has removed some of their files since they were read: what came of them is not the table's any more.
  void DropLost(const std::optional<delta::Snapshot>& newest) {
    bool is_same_table = newest && newest->metadata().id == snapshot_.metadata().id;
    std::erase_if(pending_, [&](const MergedBatch& batch) {
      if (is_same_table && AreLive(batch.from, *newest)) return false;
      Forget(batch);
      return true;
    });
  }

  delta::Transaction Stage(const delta::Snapshot& newest) const {
    delta::Transaction transaction(lake_.storage(), newest.table_path(), newest);
    transaction.VouchForRows();  // They are those that the table has.
    for (const auto& batch : pending_) {
      for (const auto& file : batch.from) {
        delta::RemoveFile removed;
        removed.path = file.path;
        removed.data_change = false;
        removed.partition_values = file.partition_values;
        removed.size_bytes = file.size_bytes;
        transaction.Stage(std::move(removed));
      }
      for (const auto& file : batch.into) transaction.Stage(file);
    }
    return transaction;
  }

  delta::CommitOptions CommitOptions() const {
    size_t added = 0;
    size_t removed = 0;
    int64_t bytes_added = 0;
    uint64_t bytes_removed = 0;
    for (const auto& batch : pending_) {
      added += batch.into.size();
      removed += batch.from.size();
      bytes_removed += batch.bytes;
      for (const auto& file : batch.into) bytes_added += file.size_bytes;
    }
    delta::CommitOptions commit;
    commit.operation = "OPTIMIZE";
    commit.operation_parameters = {{"targetSize", options_.sizes.target_bytes}};
    commit.operation_metrics = {{"numAddedFiles", added},
                                {"numRemovedFiles", removed},
                                {"numAddedBytes", bytes_added},
                                {"numRemovedBytes", bytes_removed}};
    return commit;
  }

  void Note(delta::Version version) {
    result_.version = version;
    for (const auto& batch : pending_) {
      result_.files_merged += static_cast<int64_t>(batch.from.size());
      result_.files_written += static_cast<int64_t>(batch.into.size());
      result_.rows += batch.rows;
    }
  }

  // A key index that covered the version before covers this one, whose rows are the same. One that is behind stays so:
  // whoever brings it up reads the commits between. The commit stands, so a failure here is none of the command.
  void MoveKeyIndex(const delta::Snapshot& before, delta::Version version) const {
    try {
      if (!lake_.storage().Find(lake::KeyManifestPath(result_.table))) return;
      auto index = lake::KeyIndex::Open(lake_.storage(), result_.table, before.metadata().id);
      if (!index || index->covers() != before.version() || version != before.version() + 1) return;
      lake::KeyIndexUpdate(lake_.storage(), result_.table, &*index).Publish(before.metadata().id, version);
    } catch (const base::Error& error) {
      base::LogWarn("a key index was not moved to the compacted version; the next batch does it",
                    {{"table", result_.table}, {"version", version}, {"error", error.message()}});
    }
  }

  lake::Lake& lake_;
  const CompactionOptions& options_;
  WorkBudget& budget_;
  delta::Snapshot snapshot_;  // That the groups were planned from.
  TableCompaction result_;
  size_t files_taken_ = 0;
  std::vector<MergedBatch> pending_;  // Written and proven, not committed.
  uint64_t pending_bytes_ = 0;
  size_t pending_files_ = 0;
};

}  // namespace

CompactionReport Compact(lake::Lake& lake, const CompactionOptions& options, WorkBudget& budget) {
  uint64_t rows_bytes = options.sizes.target_bytes * kRowBytesPerFileByte;
  if (rows_bytes > lake.options().memory_bytes / kRowShareOfMemory) {
    throw base::InputError(
        "files of {} bytes take {} bytes of memory to write: lower the target size, or raise --memory",
        options.sizes.target_bytes, rows_bytes * kRowShareOfMemory);
  }
  CompactionReport report;
  for (const auto& table : options.tables) {
    TableCompactor compactor(lake, table, options, budget);
    report.out_of_budget |= compactor.Run();
    report.tables.push_back(compactor.result());
  }
  return report;
}

}  // namespace qlake::maintain
