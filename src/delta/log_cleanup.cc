#include "delta/log_cleanup.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "delta/log_listing.h"
#include "delta/retention.h"
#include "delta/table_properties.h"

namespace qlake::delta {
namespace {

constexpr int64_t kDayMs = 24LL * 60 * 60 * 1000;

// Commits, checkpoints, checksums and compacted commits begin with their (first) version.
std::optional<Version> VersionOf(std::string_view file_name) {
  constexpr size_t kVersionDigits = 20;
  if (file_name.size() <= kVersionDigits || file_name[kVersionDigits] != '.') return std::nullopt;
  Version version = 0;
  auto [end, error] = std::from_chars(file_name.data(), file_name.data() + kVersionDigits, version);
  bool is_version = error == std::errc() && end == file_name.data() + kVersionDigits;
  return is_version ? std::optional(version) : std::nullopt;
}

}  // namespace

int64_t CleanUpLog(storage::Storage& storage, const Snapshot& snapshot, int64_t now_ms) {
  if (!ExpiredLogGoes(snapshot.metadata())) return 0;
  int64_t cutoff_ms = now_ms - LogRetentionMs(snapshot.metadata());
  cutoff_ms -= cutoff_ms % kDayMs;
  LogListing log(storage, snapshot.table_path());
  Version kept_from = log.NewestCheckpointUpTo(log.NewestCommittedBy({cutoff_ms * 1000}));
  int64_t removed = 0;
  const std::string folder = LogFolder(snapshot.table_path());
  for (const storage::Entry& entry : storage.List(folder)) {  // Sorted, so that the oldest go first.
    auto version = VersionOf(std::string_view(entry.path).substr(folder.size() + 1));
    if (!version || *version >= kept_from) continue;
    storage.Remove(entry.path);
    ++removed;
  }
  return removed;
}

}  // namespace qlake::delta
