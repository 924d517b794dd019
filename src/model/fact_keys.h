#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/staged_rows.h"
#include "lake/key_index_update.h"
#include "lake/lake.h"
#include "lake/records.h"
#include "model/contract.h"
#include "model/model.h"

namespace qlake::model {

// The keys that one fact holds, by its key index (lake/key_index.h), which is kept up with the batches and built anew
// from the fact when it does not fit it. One object a batch.
class FactKeys {
 public:
  // `revisions`: all files that were taken in, to tell which file a row came from.
  FactKeys(lake::Lake& lake, const Model& fact, const std::vector<lake::FileRecord>& revisions);
  ~FactKeys();

  // Entries of the rows that the fact held at `base` under one of the keys (sorted by their hashes), sorted likewise.
  // Rows of files from seq `before_seq` on do not count: a redo may find them there already. REQUIRES: the fact's view
  // shows `base`.
  std::vector<lake::KeyEntry> Find(const std::vector<engine::KeyedRow>& keys, const delta::Snapshot& base,
                                   int64_t before_seq);
  const std::string& FileOf(const lake::KeyEntry& entry) const;

  // Writes, beside other work, the entries of the rows that come (sorted by their hashes), or, with `replace`, of all
  // that the fact will hold. Nobody sees them before Publish(). REQUIRES: Find() came before, or `replace`.
  void Begin(std::vector<lake::KeyEntry> entries, bool replace);
  // REQUIRES: the fact holds the rows. A crash before it leaves an index that covers the version before; the redo
  // publishes it.
  void Publish();

 private:
  // Whether the index tells the rows of the base: the commits since then changed none.
  bool Covers(const lake::KeyIndex& index, const delta::Snapshot& base) const;
  void Rebuild(const delta::Snapshot& base, int64_t before_seq);

  lake::Lake& lake_;
  const Model& fact_;
  std::vector<const lake::FileRecord*> files_;  // By seq, from 1.
  std::optional<lake::KeyIndex> index_;
  bool is_published_ = false;  // By the first try of a redo.
  std::vector<lake::KeyEntry> entries_;
  std::optional<lake::KeyIndexUpdate> update_;
  std::future<void> writing_;
};

}  // namespace qlake::model
