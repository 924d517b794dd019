#include "delta/conflict.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/commit_time.h"

namespace qlake::delta {
namespace {

constexpr const char* kIsolationLevel = "delta.isolationLevel";

bool IsSerializable(const Metadata& metadata) {
  auto found = metadata.configuration.find(kIsolationLevel);
  return found != metadata.configuration.end() && found->second == "Serializable";
}

template <typename T>
const T* FindAction(const std::vector<Action>& actions) {
  auto found = std::ranges::find_if(actions, [](const Action& action) { return std::holds_alternative<T>(action); });
  return found == actions.end() ? nullptr : &std::get<T>(*found);
}

// Whether the version only added rows, and its writer says that it did not read the table for them.
bool IsBlindAppend(const std::vector<Action>& actions) {
  const CommitInfo* info = FindCommitInfo(actions);
  return info != nullptr && info->is_blind_append && FindAction<RemoveFile>(actions) == nullptr;
}

bool ChangesRows(const Action& action) {
  if (const auto* add = std::get_if<AddFile>(&action)) return add->data_change;
  if (const auto* remove = std::get_if<RemoveFile>(&action)) return remove->data_change;
  return false;
}

std::string FencedOff(const std::string& app_id, int64_t theirs, int64_t ours) {
  return fmt::format("{} is at epoch {}, ours is {}", app_id, theirs, ours);
}

}  // namespace

void ConflictRules::Remove(const RemoveFile& file) {
  removed_paths_.insert(file.path);
  removes_rows_ = removes_rows_ || file.data_change;
}

std::optional<std::string> ConflictRules::FindConflictWithBase() const {
  for (const auto& [app_id, epoch] : fences_) {
    int64_t current = base_ ? base_->TransactionVersion(app_id) : -1;
    if (current > epoch) return FencedOff(app_id, current, epoch);
  }
  return std::nullopt;
}

std::optional<std::string> ConflictRules::FindConflictWith(const std::vector<Action>& between) const {
  if (!base_) return "the table was created meanwhile";
  if (FindAction<Protocol>(between) != nullptr) return "the protocol has changed";
  if (FindAction<Metadata>(between) != nullptr) return "the metadata has changed";
  // The rows of theirs were not held against what we change: a constraint, say. Rows that only moved are as they were.
  if (changes_metadata_ && std::ranges::any_of(between, ChangesRows)) {
    return "we change the metadata, and rows have changed";
  }
  bool may_be_passed_over = IsBlindAppend(between) && !IsSerializable(base_->metadata());
  for (const Action& action : between) {
    std::optional<std::string> reason;
    if (const auto* theirs = std::get_if<SetTransaction>(&action)) reason = FindConflictWith(*theirs);
    if (const auto* theirs = std::get_if<RemoveFile>(&action)) reason = FindConflictWith(*theirs);
    if (const auto* theirs = std::get_if<AddFile>(&action)) reason = FindConflictWith(*theirs, may_be_passed_over);
    if (reason) return reason;
  }
  return std::nullopt;
}

// The transactions of Delta's "concurrent transaction" rule, and the writers that an epoch fences off.
std::optional<std::string> ConflictRules::FindConflictWith(const SetTransaction& theirs) const {
  if (read_apps_.contains(theirs.app_id)) return fmt::format("{} has moved to {}", theirs.app_id, theirs.version);
  auto fence = fences_.find(theirs.app_id);
  if (fence == fences_.end() || theirs.version <= fence->second) return std::nullopt;
  return FencedOff(theirs.app_id, theirs.version, fence->second);
}

// Concurrent append: rows that we would have read. Of a blind append it can be said that it came after us.
std::optional<std::string> ConflictRules::FindConflictWith(const AddFile& theirs, bool is_blind_append) const {
  if (!theirs.data_change || is_blind_append || !HasRead(theirs)) return std::nullopt;
  return fmt::format("rows that we would have read were added in {}", theirs.path);
}

// Concurrent delete: of what we remove (whoever takes it away), or of rows that we have read. A removal does not say
// what stood in the file, but the base does. A file that is not in it was added in between, and judged then.
std::optional<std::string> ConflictRules::FindConflictWith(const RemoveFile& theirs) const {
  if (removed_paths_.contains(theirs.path)) return fmt::format("{}, which we remove, was removed", theirs.path);
  if (!theirs.data_change) return std::nullopt;
  auto file = base_->files().find(theirs.path);
  if (file == base_->files().end() || !HasRead(file->second)) return std::nullopt;
  return fmt::format("{}, which we have read, was removed", theirs.path);
}

bool ConflictRules::HasRead(const AddFile& file) const {
  if (reads_.empty()) return removes_rows_;
  return std::ranges::any_of(reads_, [&](const FileFilter& read) { return read(file); });
}

}  // namespace qlake::delta
