#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delta/file_filter.h"
#include "delta/snapshot.h"

namespace qlake::delta {

// What one transaction has read of its base and what it takes out of the table, held against the versions that others
// committed meanwhile. The rules are Delta Lake's for write-serializable transactions: a version in between stands in
// the way when the transaction could not have come after it. Where the table's delta.isolationLevel is Serializable,
// appends that read nothing count as any other change.
class ConflictRules {
 public:
  explicit ConflictRules(std::optional<Snapshot> base) : base_(std::move(base)) {}

  // Rows of such files decided what the transaction does. A transaction that removes rows and says nothing of what it
  // read counts as one that read the whole table; one that removes nothing, as one that read nothing.
  void Read(FileFilter files) { reads_.push_back(std::move(files)); }
  void ReadTransactionsOf(std::string app_id) { read_apps_.insert(std::move(app_id)); }
  void FenceBy(const std::string& app_id, int64_t epoch) { fences_[app_id] = epoch; }
  void Remove(const RemoveFile& file);
  void ChangeMetadata() { changes_metadata_ = true; }

  // Nothing of the table was read, nothing of it goes or changes: rows were added, whatever it holds.
  bool is_blind_append() const { return reads_.empty() && removed_paths_.empty() && !changes_metadata_; }

  // Each gives the reason, when there is one.
  std::optional<std::string> FindConflictWithBase() const;
  // The actions of one version after the base.
  std::optional<std::string> FindConflictWith(const std::vector<Action>& between) const;

 private:
  std::optional<std::string> FindConflictWith(const SetTransaction& theirs) const;
  std::optional<std::string> FindConflictWith(const AddFile& theirs, bool is_blind_append) const;
  std::optional<std::string> FindConflictWith(const RemoveFile& theirs) const;
  bool HasRead(const AddFile& file) const;

  std::optional<Snapshot> base_;
  std::vector<FileFilter> reads_;
  std::set<std::string> removed_paths_;
  bool removes_rows_ = false;  // Not only from one file to another.
  bool changes_metadata_ = false;
  std::set<std::string> read_apps_;
  std::map<std::string, int64_t> fences_;
};

}  // namespace qlake::delta
