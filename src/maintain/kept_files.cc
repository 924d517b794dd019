#include "maintain/kept_files.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "delta/action_json.h"
#include "delta/commit_time.h"
#include "delta/log_listing.h"

namespace qlake::maintain {
namespace {

class KeptFiles {
 public:
  KeptFiles(lake::Lake& lake, const std::string& table)
      : lake_(lake), table_(table), path_(lake::TablePath(table)), log_(lake.storage(), path_) {
    QLAKE_CHECK(!log_.empty());
  }

  std::set<std::string> Find(base::Timestamp since, const WantedVersions& wanted) {
    delta::Version first = FirstVersionSince(since);
    if (wanted.from) first = std::max(log_.oldest(), std::min(first, *wanted.from));
    KeepLive(first);
    for (delta::Version version = first + 1; version <= log_.newest(); ++version) KeepAdded(version);
    for (delta::Version version : wanted.exactly) {
      // Later ones are among those that were just read.
      if (version < first) KeepLive(version);
    }
    return std::move(kept_);
  }

 private:
  // Commits give times that grow; where another writer's do not, the earliest that may have been the newest then
  // counts.
  delta::Version FirstVersionSince(base::Timestamp since) const {
    delta::Version first = log_.newest();
    while (first > log_.oldest()) {
      const storage::Entry* commit = log_.CommitOf(first);
      if (commit == nullptr) break;
      int64_t time_ms =
          delta::CommitTimeMs(delta::ParseActions(lake_.storage().Read(commit->path), commit->path), *commit);
      if (time_ms <= since.us / 1000) break;
      --first;
    }
    return first;
  }

  void KeepLive(delta::Version version) {
    try {
      auto snapshot = lake_.LoadVersion(table_, version);
      for (const auto& [path, file] : snapshot->files()) kept_.insert(path);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput) throw;
      base::LogWarn("a version to keep is no longer in the log", {{"table", table_}, {"version", version}});
    }
  }

  void KeepAdded(delta::Version version) {
    const storage::Entry* commit = log_.CommitOf(version);
    // Its commit is gone: its files are those of a checkpoint.
    if (commit == nullptr) return KeepLive(version);
    for (const auto& action : delta::ParseActions(lake_.storage().Read(commit->path), commit->path)) {
      if (const auto* add = std::get_if<delta::AddFile>(&action)) kept_.insert(add->path);
    }
  }

  lake::Lake& lake_;
  const std::string& table_;
  std::string path_;
  delta::LogListing log_;
  std::set<std::string> kept_;
};

}  // namespace

std::set<std::string> FindKeptFiles(lake::Lake& lake, const std::string& table, base::Timestamp since,
                                    const WantedVersions& wanted) {
  return KeptFiles(lake, table).Find(since, wanted);
}

}  // namespace qlake::maintain
