#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::delta {

// Who made a version of a table, when and how, as its commitInfo says; what the writer left out is empty.
struct HistoryEntry {
  Version version = kNoVersion;
  int64_t timestamp_ms = 0;
  std::string operation;
  base::Json parameters = base::Json::object();
  base::Json metrics = base::Json::object();
  std::string engine;
  std::string run_id;  // commitInfo.qlakeRunId
};

// The versions whose commits are still in the log, newest first, at most `limit` (0: all). Empty when there is no such
// table. Throws Error{kCorrupt} on a commit that cannot be read.
std::vector<HistoryEntry> ReadHistory(const storage::Storage& storage, const std::string& table_path, size_t limit);

}  // namespace qlake::delta
