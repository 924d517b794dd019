#include "lake/key_index_update.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "base/log.h"
#include "lake/key_merge.h"

namespace qlake::lake {
namespace {

// Runs are of one size class when they are in the same power of eight: below 4,096 entries, below 32,768, ...
constexpr uint64_t kSmallestClass = 4096;
constexpr uint64_t kTierFactor = 8;
constexpr size_t kRunsOfClassMax = 8;  // So many are merged into one.

int SizeClassOf(uint64_t entries) {
  int size_class = 0;
  for (uint64_t limit = kSmallestClass; entries >= limit; limit *= kTierFactor) ++size_class;
  return size_class;
}

}  // namespace

KeyIndexUpdate::KeyIndexUpdate(storage::Storage& storage, std::string table, const KeyIndex* base)
    : storage_(storage), table_(std::move(table)) {
  if (base == nullptr) return;
  for (const auto& run : base->manifest().runs) parts_.push_back({run, false});
}

void KeyIndexUpdate::Add(std::span<const KeyEntry> sorted_entries) {
  if (sorted_entries.empty() || is_damaged_) return;
  std::vector<Part> parts;
  for (const auto& merge : Plan(sorted_entries.size())) {
    auto part = Carry(merge, sorted_entries);
    if (!part) {
      is_damaged_ = true;
      return;
    }
    parts.push_back(*part);
  }
  parts_ = std::move(parts);
}

// What the runs become when a run of so many entries joins them. A merge that fills the next size class goes on there,
// so that no entry is written twice.
std::vector<KeyIndexUpdate::Merge> KeyIndexUpdate::Plan(uint64_t entries_added) const {
  std::vector<Merge> merges;
  for (const auto& part : parts_) merges.push_back({{part}, false, part.run.entries});
  merges.push_back({{}, true, entries_added});
  uint64_t largest = 0;
  for (const auto& merge : merges) largest += merge.entries;
  for (int size_class = 0; size_class <= SizeClassOf(largest); ++size_class) {
    auto is_of_class = [&](const Merge& merge) { return SizeClassOf(merge.entries) == size_class; };
    if (static_cast<size_t>(std::ranges::count_if(merges, is_of_class)) < kRunsOfClassMax) continue;
    Merge all;
    for (const auto& merge : merges) {
      if (!is_of_class(merge)) continue;
      all.parts.insert(all.parts.end(), merge.parts.begin(), merge.parts.end());
      all.has_added |= merge.has_added;
      all.entries += merge.entries;
    }
    std::erase_if(merges, is_of_class);
    merges.push_back(std::move(all));
  }
  return merges;
}

// The run that a merge comes to; nothing when one of its parts proves damaged.
std::optional<KeyIndexUpdate::Part> KeyIndexUpdate::Carry(const Merge& merge, std::span<const KeyEntry> added) {
  if (merge.parts.size() == 1 && !merge.has_added) return merge.parts.front();
  std::vector<KeyRun> runs;
  for (const auto& part : merge.parts) {
    auto run = KeyRun::Open(storage_, KeyRunPath(table_, part.run.name), part.run.entries);
    if (!run) return std::nullopt;
    runs.push_back(std::move(*run));
  }
  Part merged = {{NewKeyRunName(), merge.entries, 0}, true};
  KeyRunWriter writer(storage_, KeyRunPath(table_, merged.run.name));
  if (runs.empty()) {
    writer.Add(added);
  } else if (!MergeRuns(storage_, runs, merge.has_added ? added : std::span<const KeyEntry>(), writer)) {
    return std::nullopt;
  }
  merged.run.bytes = writer.Finish();
  // Nobody knows yet of what this update itself has written.
  for (const auto& part : merge.parts) {
    if (part.is_new) storage_.Remove(KeyRunPath(table_, part.run.name));
  }
  return merged;
}

std::vector<std::string> KeyIndexUpdate::paths() const {
  std::vector<std::string> paths;
  for (const auto& part : parts_) {
    if (part.is_new) paths.push_back(KeyRunPath(table_, part.run.name));
  }
  return paths;
}

void KeyIndexUpdate::Publish(const std::string& table_id, delta::Version version) && {
  auto previous = ReadKeyManifest(storage_, table_);
  if (is_damaged_) {
    // The runs stay for readers that have just read the old manifest; the next index removes them. A crash here leaves
    // the old manifest, which covers an older version: the next update finds the damage again.
    storage_.Remove(KeyManifestPath(table_));
    base::LogWarn("a damaged key index was removed; it will be built anew", {{"table", table_}});
    return;
  }
  // 1. The new runs become durable. A crash here leaves the old manifest, and runs that nobody names.
  storage_.Sync(paths());
  base::CrashPoint("index.before_manifest");
  // 2. The manifest names them. A crash here leaves the old or the new index; the old one covers an older version.
  KeyManifest manifest = {table_id, version, {}};
  for (const auto& part : parts_) manifest.runs.push_back(part.run);
  storage_.Replace(KeyManifestPath(table_), FormatKeyManifest(manifest));
  base::CrashPoint("index.after_manifest");
  // 3. What neither names goes. A crash here leaves some of it to the next update.
  RemoveUnnamed(previous);
}

// The runs of the manifest before stay, for readers that have read it and not yet opened them.
void KeyIndexUpdate::RemoveUnnamed(const std::optional<KeyManifest>& previous) const {
  std::set<std::string> named;
  for (const auto& part : parts_) named.insert(KeyRunPath(table_, part.run.name));
  if (previous) {
    for (const auto& run : previous->runs) named.insert(KeyRunPath(table_, run.name));
  }
  for (const auto& file : storage_.List(KeyIndexFolder(table_))) {
    if (file.path.ends_with(kKeyRunEnding) && !named.contains(file.path)) storage_.Remove(file.path);
  }
}

}  // namespace qlake::lake
