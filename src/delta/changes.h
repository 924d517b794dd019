#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::delta {

// Files whose rows versions brought to a table, and took from it. What only moved rows between files (compaction) is
// not among them; a file may be in both.
struct TableChanges {
  std::vector<AddFile> added;
  std::vector<AddFile> removed;  // As far as the log tells of them: without statistics and tags.
};

// Of versions (from, to]. Nothing when one of them is no longer in the log. REQUIRES: from <= to.
std::optional<TableChanges> ReadChanges(const storage::Storage& storage, const std::string& table_path, Version from,
                                        Version to);

}  // namespace qlake::delta
