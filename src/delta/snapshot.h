#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delta/actions.h"
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

  const std::string& table_path() const { return table_path_; }
  Version version() const { return version_; }
  int64_t timestamp_ms() const { return timestamp_ms_; }  // Of the version's commit; our next one is later.
  const Protocol& protocol() const { return protocol_; }
  const Metadata& metadata() const { return metadata_; }
  const std::map<std::string, AddFile>& files() const { return files_; }  // Live files, by path.
  // By LogicalFileKey: a path may be among the tombstones under several deletion vectors, and live under another.
  const std::map<std::string, RemoveFile>& tombstones() const { return tombstones_; }
  const std::map<std::string, SetTransaction>& transactions() const { return transactions_; }
  int64_t TransactionVersion(const std::string& app_id) const;  // -1 when the table has none of this app.

 private:
  friend class LogReplay;
  std::string table_path_;
  Version version_ = kNoVersion;
  int64_t timestamp_ms_ = 0;
  Protocol protocol_;
  Metadata metadata_;
  std::map<std::string, AddFile> files_;
  std::map<std::string, RemoveFile> tombstones_;
  std::map<std::string, SetTransaction> transactions_;
};

}  // namespace qlake::delta
