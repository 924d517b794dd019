#include "lake/key_index.h"

#include "base/log.h"

namespace qlake::lake {
namespace {

std::optional<std::vector<KeyRun>> OpenRuns(const storage::Storage& storage, const std::string& table,
                                            const KeyManifest& manifest) {
  std::vector<KeyRun> runs;
  for (const auto& named : manifest.runs) {
    auto run = KeyRun::Open(storage, KeyRunPath(table, named.name), named.entries);
    if (!run) return std::nullopt;
    runs.push_back(std::move(*run));
  }
  return runs;
}

}  // namespace

std::optional<KeyIndex> KeyIndex::Open(const storage::Storage& storage, const std::string& table,
                                       const std::string& table_id) {
  auto manifest = ReadKeyManifest(storage, table);
  while (manifest && manifest->table_id == table_id) {
    if (auto runs = OpenRuns(storage, table, *manifest)) return KeyIndex(std::move(*manifest), std::move(*runs));
    // Two updates may have been published since the manifest was read, and its runs be gone: only one that still
    // stands is damaged.
    auto newer = ReadKeyManifest(storage, table);
    if (newer == manifest) return std::nullopt;
    manifest = std::move(newer);
  }
  if (manifest) base::LogWarn("a key index belongs to another table of this name", {{"table", table}});
  return std::nullopt;
}

uint64_t KeyIndex::entries() const {
  uint64_t count = 0;
  for (const auto& run : runs_) count += run.entries();
  return count;
}

bool KeyIndex::Find(std::span<const KeyEntry> sorted_probes, uint32_t seq_max, std::vector<KeyEntry>& found) const {
  size_t before = found.size();
  for (const auto& run : runs_) {
    if (run.Find(sorted_probes, seq_max, found)) continue;
    found.resize(before);
    return false;
  }
  SortEntries(std::span(found).subspan(before));
  return true;
}

}  // namespace qlake::lake
