#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "lake/key_entry.h"
#include "lake/key_manifest.h"
#include "lake/key_run.h"
#include "storage/storage.h"

namespace qlake::lake {

// Finds the rows of a table by key without reading the table: one entry a row, in sorted immutable runs below
// _qlake/index/<layer.table>/. It is derived from the table and names the version that it covers; whatever is wrong
// with it, it is no error but no index: the caller builds it anew from the table (KeyIndexUpdate without a base). A
// snapshot: it stays as it was opened, whatever is published meanwhile. Thread-safe.
class KeyIndex {
 public:
  // Nothing when there is none, or it is damaged, or it belongs to another table than `table_id` (Delta's metaData.id);
  // the log says which.
  static std::optional<KeyIndex> Open(const storage::Storage& storage, const std::string& table,
                                      const std::string& table_id);

  // The table's version whose rows the index holds. After a crash it may be older than the table: catch up, or rebuild.
  delta::Version covers() const { return manifest_.version; }
  uint64_t entries() const;
  const KeyManifest& manifest() const { return manifest_; }

  // Appends to `found`, sorted, the entries that have the key of one of the probes and a seq of at most `seq_max` (so
  // that a redo sees the index as it was before its batch). False when a page proves damaged: `found` is then as it
  // was, and the index is to be given up. REQUIRES: the probes are sorted; of a probe only the key counts.
  [[nodiscard]] bool Find(std::span<const KeyEntry> sorted_probes, uint32_t seq_max,
                          std::vector<KeyEntry>& found) const;

 private:
  KeyIndex(KeyManifest manifest, std::vector<KeyRun> runs) : manifest_(std::move(manifest)), runs_(std::move(runs)) {}

  KeyManifest manifest_;
  std::vector<KeyRun> runs_;  // In the manifest's order.
};

}  // namespace qlake::lake
