#include "maintain/raw_leftovers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/fault.h"
#include "delta/path_encoding.h"
#include "lake/readable.h"
#include "lake/records.h"

namespace qlake::maintain {
namespace {

// Paths that rows of raw.files named at a moment; nothing when the table is younger or the log does not tell.
std::optional<std::set<std::string>> PathsNamedAt(lake::Lake& lake, base::Timestamp time) {
  std::optional<delta::Snapshot> snapshot;
  try {
    snapshot = delta::Snapshot::LoadAsOf(lake.storage(), lake::TablePath(lake::kRawFiles), time);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::kInput) throw;
  }
  if (!snapshot || !lake::IsReadable(lake.storage(), *snapshot)) return std::nullopt;
  lake.Define(lake::RawFilesSchema(), snapshot);
  std::set<std::string> paths;
  for (auto& row : lake.database().Query("SELECT DISTINCT path FROM raw.files").rows) paths.insert(row[0].value_or(""));
  return paths;
}

}  // namespace

std::vector<RawLeftover> FindRawLeftovers(lake::Lake& lake, base::Timestamp cut_off) {
  std::vector<RawLeftover> leftovers;
  auto named = PathsNamedAt(lake, cut_off);
  if (!named && lake.Load(lake::kRawFiles)) return leftovers;
  if (!named) named.emplace();
  std::multimap<std::string, RawRange> received;  // By SHA-256.
  std::set<std::string> received_lately;
  for (const auto& file : lake::ReadFiles(lake)) {
    named->insert(file.path);
    received.insert({file.sha256, {file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes)}});
    // Such a file may have been named, and packed, since the cut-off.
    if (file.received_at >= cut_off) received_lately.insert(file.sha256);
  }
  for (const auto& entry : lake.storage().ListAll("raw/bytes")) {
    std::string name(delta::FileName(entry.path));
    bool stays = named->contains(entry.path) || received_lately.contains(name) || entry.modified >= cut_off;
    if (stays) continue;
    RawLeftover leftover{entry.path, entry.bytes, {}, name};
    auto [first, last] = received.equal_range(name);
    for (auto range = first; range != last; ++range) leftover.packed_at.push_back(range->second);
    leftovers.push_back(std::move(leftover));
  }
  return leftovers;
}

void RemoveRawLeftovers(lake::Lake& lake, const std::vector<RawLeftover>& leftovers) {
  for (const auto& leftover : leftovers) {
    std::set<std::tuple<std::string, uint64_t>> proven;
    for (const auto& range : leftover.packed_at) {
      if (!proven.insert({range.path, range.offset}).second) continue;
      if (VisitRaw(lake.storage(), range) != leftover.sha256) {
        throw base::CorruptError(
            "{} at byte {} is not the file of SHA-256 {}: its last copy stays at {}, restore the "
            "container from a backup",
            range.path, range.offset, leftover.sha256, leftover.path);
      }
    }
    base::CrashPoint("vacuum.before_remove");
    lake.storage().Remove(leftover.path);
  }
}

}  // namespace qlake::maintain
