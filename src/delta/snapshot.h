#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "delta/live_files.h"
#include "storage/storage.h"

namespace qlake::delta {

// A table's state at one version: the live files, metadata, protocol and transactions that its log adds up to.
// Immutable after loading; safe to share between threads.
class Snapshot {
 public:
  // The newest version, or the one asked for. Nothing when the table does not exist; Error{kInput} when the version
  // asked for is not (or no longer) in the log; Error{kCorrupt} when the log is not what the protocol says (file,
  // version and what is wrong with it); Error{kInput} naming the feature when the table needs a reader feature that we
  // lack.
  static std::optional<Snapshot> Load(const storage::Storage& storage, const std::string& table_path,
                                      std::optional<Version> version = std::nullopt);
  // The newest version committed at or before the time. Nothing when the table did not exist then.
  static std::optional<Snapshot> LoadAsOf(const storage::Storage& storage, const std::string& table_path,
                                          base::Timestamp time);

  // The newest version, from this one and the commits since: what is known is not read again. Nothing when the table is
  // gone. Throws what Load() throws.
  std::optional<Snapshot> Refresh(const storage::Storage& storage) const;

  const std::string& table_path() const { return state_->table_path; }
  Version version() const { return state_->version; }
  int64_t timestamp_ms() const { return state_->timestamp_ms; }  // Of the version's commit; our next one is later.
  const Protocol& protocol() const { return state_->protocol; }
  const Metadata& metadata() const { return state_->metadata; }
  const LiveFiles& files() const { return state_->files; }
  // By LogicalFileKey: a path may be among the tombstones under several deletion vectors, and live under another.
  const std::map<std::string, RemoveFile>& tombstones() const { return *state_->tombstones; }
  const std::map<std::string, SetTransaction>& transactions() const { return state_->transactions; }
  int64_t TransactionVersion(const std::string& app_id) const;  // -1 when the table has none of this app.

 private:
  friend class LogReplay;
  struct State {
    std::string table_path;
    Version version = kNoVersion;
    int64_t timestamp_ms = 0;
    Protocol protocol;
    Metadata metadata;
    LiveFiles files;
    // Shared with the snapshots of other versions that have the same.
    std::shared_ptr<const std::map<std::string, RemoveFile>> tombstones =
        std::make_shared<const std::map<std::string, RemoveFile>>();
    std::map<std::string, SetTransaction> transactions;
    // The version's log file as it was listed: another one of that name is another table's.
    std::optional<storage::Entry> commit;
  };

  explicit Snapshot(State state) : state_(std::make_shared<const State>(std::move(state))) {}

  std::shared_ptr<const State> state_;  // Shared by copies: it may name a hundred thousand files.
};

}  // namespace qlake::delta
