#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lake/records.h"

namespace qlake::lake {

// What was read of the lake's own tables. They grow by a file with each commit: of a newer version only the files that
// came since are read. A table of which a file went, because it was compacted or taken back, is read anew.
class KnownRecords {
 public:
  // All revisions, by seq.
  const std::vector<FileRecord>& Files(Lake& lake);
  // By step; see ReadLastIntent().
  const std::map<std::string, Intent>& LastIntents(Lake& lake);
  // See ReadLedger().
  std::vector<LedgerEntry> Ledger(Lake& lake);
  // The last one of the ledger at its newest version.
  const std::optional<Publication>& LastPublication(Lake& lake);

 private:
  struct Account {
    int64_t to_seq = 0;
    LedgerEntry entry;
  };

  std::optional<delta::Snapshot> files_snapshot_;
  std::vector<FileRecord> files_;
  std::optional<delta::Snapshot> steps_snapshot_;
  std::map<std::string, Intent> intents_;
  std::optional<delta::Snapshot> ledger_snapshot_;
  std::map<std::pair<std::string, std::string>, Account> accounts_;  // By step and file.
  std::optional<delta::Snapshot> publication_snapshot_;
  std::optional<Publication> publication_;
};

}  // namespace qlake::lake
