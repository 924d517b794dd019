#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "delta/log_listing.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "storage/storage.h"

namespace qlake::delta {

// For tests: a table "t" of one column in a lake of its own, which goes when the test ends.
class TestTable {
 public:
  static constexpr int64_t kStartMs = 1'700'000'000'000;

  TestTable() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_delta_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    storage_ = storage::OpenLocalStorage(root_);
  }
  ~TestTable() { std::filesystem::remove_all(root_); }

  storage::Storage& storage() { return *storage_; }
  const std::string& root() const { return root_; }

  Snapshot Load(std::optional<Version> version = std::nullopt) const {
    return *Snapshot::Load(*storage_, "t", version);
  }

  // Writes the data file too, so that it can be synced.
  AddFile NewFile(const std::string& path, PartitionValues values = {}) {
    storage_->Write("t/" + path, "rows");
    return {.path = path,
            .partition_values = std::move(values),
            .size_bytes = 4,
            .modification_time_ms = kStartMs,
            .stats = R"({"numRecords":1})"};
  }

  static Metadata NewMetadata() {
    return {.id = "11111111-2222-3333-4444-555555555555",
            .schema_json = ToSchemaJson({{.name = "city", .type = {base::ColumnType::Kind::kString}}}),
            .partition_columns = {"city"},
            .created_time_ms = kStartMs};
  }

  static RemoveFile Removal(const AddFile& file) {
    return {.path = file.path, .partition_values = file.partition_values, .size_bytes = file.size_bytes};
  }

  Transaction Begin() { return {*storage_, "t", Snapshot::Load(*storage_, "t")}; }

  CommitOutcome Create() {
    Transaction transaction(*storage_, "t", std::nullopt);
    transaction.Stage(NewMetadata());
    return std::move(transaction).Commit(Clock(), {});
  }

  CommitOutcome Append(const std::string& path, const CommitOptions& options = {}) {
    Transaction transaction = Begin();
    transaction.Stage(NewFile(path));
    return std::move(transaction).Commit(Clock(), options);
  }

  // A log file as another writer may have left it.
  void WriteLog(const std::string& name, const std::string& bytes) { storage_->Write("t/_delta_log/" + name, bytes); }
  void WriteCommit(Version version, const std::string& lines) { storage_->Write(CommitPath("t", version), lines); }

  static base::FixedClock Clock() { return base::FixedClock({kStartMs * 1000}); }

 private:
  std::string root_;
  std::unique_ptr<storage::Storage> storage_;
};

inline constexpr const char* kProtocolLine = R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})"
                                             "\n";
inline constexpr const char* kMetadataLine =
    R"({"metaData":{"id":"m","format":{"provider":"parquet","options":{}},"schemaString":"{}","partitionColumns":[],"configuration":{}}})"
    "\n";

inline std::string AddLine(const std::string& path) {
  return R"({"add":{"path":")" + path +
         R"(","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}})"
         "\n";
}

// The error that the call throws: its kind must be the one given, its message is returned.
template <typename Call>
std::string ErrorOf(base::ErrorKind kind, Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.kind() == kind ? error.message() : "an error of another kind: " + error.message();
  }
  return "no error";
}

inline std::optional<Version> CommittedVersion(const CommitOutcome& outcome) {
  const auto* committed = std::get_if<Committed>(&outcome);
  return committed == nullptr ? std::nullopt : std::optional<Version>(committed->version);
}

inline std::optional<std::string> ConflictReason(const CommitOutcome& outcome) {
  const auto* conflict = std::get_if<Conflict>(&outcome);
  return conflict == nullptr ? std::nullopt : std::optional<std::string>(conflict->reason);
}

inline std::vector<std::string> PathsOf(const Snapshot& snapshot) {
  std::vector<std::string> paths;
  for (const auto& [path, file] : snapshot.files()) paths.push_back(path);
  return paths;
}

}  // namespace qlake::delta
