#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "lake/key_index.h"
#include "storage/storage.h"

namespace qlake::lake {

// One change of a table's key index: rows that join those of `base`, or, without a base, all of the table's rows.
// Readers see nothing of it before Publish(). A crash before that leaves the old index, which covers an older version
// of the table, and run files that nobody names, which the next Publish() removes. When a run of the base proves
// damaged, Publish() takes the index away instead, so that it is built anew: no error, and nothing to ask for.
// Not thread-safe. REQUIRES: the lake's lease; `base` is the newest index that there is.
class KeyIndexUpdate {
 public:
  KeyIndexUpdate(storage::Storage& storage, std::string table, const KeyIndex* base);

  // Writes the entries of rows that the index does not hold yet. Runs of like size are merged when there are too many
  // of them, so that 24 million entries added 1,500 at a time are written some five times over, and lie in some twenty
  // runs. Any number of calls, of at most some millions each: they are what takes memory.
  void Add(std::span<const KeyEntry> sorted_entries);

  // The files that were written and not merged again since. Publish() makes them durable; a caller that syncs them
  // together with others of its own saves time.
  std::vector<std::string> paths() const;

  // Makes the rows visible, as those of the table with this id (Delta's metaData.id) at `version`: atomic and durable.
  // Without an Add() before it says that the rows of a later version are the same (a compaction).
  void Publish(const std::string& table_id, delta::Version version) &&;

 private:
  struct Part {
    KeyManifest::Run run;
    bool is_new = false;  // Written by this update.
  };
  // Parts, and perhaps the added entries, that are to become one run.
  struct Merge {
    std::vector<Part> parts;
    bool has_added = false;
    uint64_t entries = 0;
  };

  std::vector<Merge> Plan(uint64_t entries_added) const;
  std::optional<Part> Carry(const Merge& merge, std::span<const KeyEntry> added);
  void RemoveUnnamed(const std::optional<KeyManifest>& previous) const;

  storage::Storage& storage_;
  std::string table_;
  std::vector<Part> parts_;
  bool is_damaged_ = false;
};

}  // namespace qlake::lake
