#include "delta/log_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "storage/path.h"

namespace qlake::delta {
namespace {

constexpr size_t kVersionDigits = 20;
constexpr size_t kPartDigits = 10;

// Takes exactly so many digits off the front of the name.
std::optional<int64_t> TakeNumber(std::string_view& name, size_t digits) {
  int64_t number = 0;
  if (name.size() < digits || name[0] == '-') return std::nullopt;
  auto [end, error] = std::from_chars(name.data(), name.data() + digits, number);
  if (error != std::errc() || end != name.data() + digits) return std::nullopt;
  name.remove_prefix(digits);
  return number;
}

bool Take(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

// ".checkpoint.parquet" is part 1 of 1.
std::optional<int64_t> PartCountOf(std::string_view rest) {
  if (!Take(rest, ".checkpoint")) return std::nullopt;
  if (rest == ".parquet") return 1;
  if (!Take(rest, ".")) return std::nullopt;
  auto part = TakeNumber(rest, kPartDigits);
  if (!part || !Take(rest, ".")) return std::nullopt;
  auto count = TakeNumber(rest, kPartDigits);
  if (!count || rest != ".parquet" || *part < 1 || *part > *count) return std::nullopt;
  return count;
}

// ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", or .parquet.
bool IsNamedByUuid(std::string_view rest) {
  constexpr size_t kUuidLength = 36;
  if (!Take(rest, ".checkpoint.") || rest.size() < kUuidLength) return false;
  std::string_view uuid = rest.substr(0, kUuidLength);
  rest.remove_prefix(kUuidLength);
  return uuid.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos &&
         (rest == ".json" || rest == ".parquet");
}

}  // namespace

std::string LogFolder(const std::string& table_path) { return storage::JoinPath(table_path, "_delta_log"); }

std::string CommitPath(const std::string& table_path, Version version) {
  return fmt::format("{}/{:020d}.json", LogFolder(table_path), version);
}

std::string CheckpointPath(const std::string& table_path, Version version) {
  return fmt::format("{}/{:020d}.checkpoint.parquet", LogFolder(table_path), version);
}

std::string LastCheckpointPath(const std::string& table_path) { return LogFolder(table_path) + "/_last_checkpoint"; }

std::string SidecarPath(const std::string& table_path, const std::string& name) {
  return LogFolder(table_path) + "/_sidecars/" + name;
}

LogListing::LogListing(const storage::Storage& storage, std::string table_path) : table_path_(std::move(table_path)) {
  std::string folder = LogFolder(table_path_);
  std::map<Version, storage::Entry> by_uuid;
  // Parts of one checkpoint by their count: two writers may have cut the same version differently.
  std::map<std::pair<Version, int64_t>, std::vector<storage::Entry>> parts;
  for (storage::Entry& entry : storage.List(folder)) {
    std::string_view rest = std::string_view(entry.path).substr(folder.size() + 1);
    auto version = TakeNumber(rest, kVersionDigits);
    if (!version) continue;
    if (rest == ".json") {
      commits_.emplace(*version, std::move(entry));
    } else if (rest == ".checkpoint.parquet") {
      checkpoints_[*version] = {std::move(entry)};
    } else if (auto count = PartCountOf(rest)) {
      parts[{*version, *count}].push_back(std::move(entry));
    } else if (IsNamedByUuid(rest)) {
      by_uuid.insert_or_assign(*version, std::move(entry));
    }
  }
  // List sorts by path, so parts are in order; a set that lacks one is a checkpoint that was never finished.
  for (auto& [key, entries] : parts) {
    if (static_cast<int64_t>(entries.size()) == key.second) checkpoints_.try_emplace(key.first, std::move(entries));
  }
  for (auto& [version, entry] : by_uuid) {
    checkpoints_.try_emplace(version, std::vector<storage::Entry>{std::move(entry)});
  }
  // A list is not a moment: it may show a commit that was made while it ran and lack the one made just before.
  for (Version version = empty() ? 0 : newest() - 1; !commits_.empty() && version > commits_.begin()->first;
       --version) {
    if (commits_.contains(version)) continue;
    auto entry = storage.Find(CommitPath(table_path_, version));
    if (!entry) break;
    commits_.emplace(version, *std::move(entry));
  }
}

Version LogListing::newest() const {
  return std::max(commits_.empty() ? kNoVersion : commits_.rbegin()->first,
                  checkpoints_.empty() ? kNoVersion : checkpoints_.rbegin()->first);
}

Version LogListing::oldest() const {
  if (commits_.contains(0) || checkpoints_.empty()) return 0;
  return checkpoints_.begin()->first;
}

LogSegment LogListing::SegmentOf(Version version) const {
  if (version < 0 || version > newest()) {
    throw base::InputError("table {} has no version {}; its newest is {}", table_path_, version, newest());
  }
  LogSegment segment;
  auto above = checkpoints_.upper_bound(version);
  if (above != checkpoints_.begin()) {
    auto newest_at_or_below = std::prev(above);
    segment.checkpoint_version = newest_at_or_below->first;
    segment.checkpoint_parts = newest_at_or_below->second;
  }
  for (Version next = segment.checkpoint_version + 1; next <= version; ++next) {
    auto found = commits_.find(next);
    if (found == commits_.end()) FailFor(next, version);
    segment.commits.push_back(found->second);
  }
  return segment;
}

Version LogListing::NewestCommittedBy(base::Timestamp time) const {
  Version newest = kNoVersion;
  for (const auto& [version, entry] : commits_) {
    if (entry.modified.us > time.us) break;
    newest = version;
  }
  return newest;
}

Version LogListing::NewestCheckpointUpTo(Version version) const {
  auto above = checkpoints_.upper_bound(version);
  return above == checkpoints_.begin() ? kNoVersion : std::prev(above)->first;
}

void LogListing::FailFor(Version missing, Version asked_for) const {
  if (missing == 0 && !checkpoints_.empty()) {
    throw base::InputError("version {} of table {} is no longer in its log; the oldest is {}", asked_for, table_path_,
                           oldest());
  }
  throw base::CorruptError("the log of table {} lacks version {}, which later ones build on: {}", table_path_, missing,
                           CommitPath(table_path_, missing));
}

const storage::Entry* LogListing::CommitOf(Version version) const {
  auto found = commits_.find(version);
  return found == commits_.end() ? nullptr : &found->second;
}

const storage::Entry& LogListing::CheckpointOf(Version version) const {
  auto found = checkpoints_.find(version);
  if (found == checkpoints_.end()) FailFor(version, version);
  return found->second.front();
}

}  // namespace qlake::delta
