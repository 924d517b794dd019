#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/column_type.h"

// The actions of the Delta protocol (PROTOCOL.md, "Actions"), as values. Names follow the protocol's.
namespace qlake::delta {

using Version = int64_t;
inline constexpr Version kNoVersion = -1;  // Before version 0: the table does not exist.

// Column name -> text of the value; nothing stands for NULL.
using PartitionValues = std::map<std::string, std::optional<std::string>>;

// Where the deleted rows of a data file are listed (PROTOCOL.md, "Deletion Vector Descriptor Schema").
struct DeletionVector {
  std::string storage_type;    // u: a file of the table, p: a file anywhere, i: the text itself.
  std::string path_or_inline;  // As in the log: a UUID or the rows in Z85, or an encoded path.
  std::optional<int32_t> offset;
  int32_t size_bytes = 0;
  int64_t cardinality = 0;

  // Tells apart the logical files that share one data file.
  std::string UniqueId() const {
    return storage_type + path_or_inline + (offset ? "@" + std::to_string(*offset) : std::string());
  }
};

struct AddFile {
  // Decoded: relative to the table's folder, or "/data/x.parquet", or "s3://bucket/x.parquet" (delta/path_encoding.h).
  std::string path;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool data_change = true;
  std::string stats;  // The protocol's per-file statistics as JSON text; empty when there are none.
  std::map<std::string, std::string> tags;
  std::optional<DeletionVector> deletion_vector;  // Rows of the file that are not rows of the table.
};

struct RemoveFile {
  std::string path;
  int64_t deletion_timestamp_ms = 0;
  bool data_change = true;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  std::optional<DeletionVector> deletion_vector;  // Of the logical file that goes.
};

// A file that tells which rows a version changed, and how: `cdc` in the protocol. What readers of changes want; a
// table's state does not depend on it.
struct ChangeFile {
  std::string path;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
};

// How far an application has consumed its input: `txn` in the protocol.
struct SetTransaction {
  std::string app_id;
  int64_t version = 0;
  int64_t last_updated_ms = 0;
};

struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::vector<std::string> reader_features;  // Only at reader version 3.
  std::vector<std::string> writer_features;  // Only at writer version 7.

  bool operator==(const Protocol&) const = default;
};

struct Metadata {
  std::string id;  // GUID
  std::string name;
  std::string description;
  std::string schema_json;  // The protocol's schemaString, partition columns included.
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> configuration;
  int64_t created_time_ms = 0;
};

// Who made a version, when and how: of `commitInfo`, only what the log's readers need.
struct CommitInfo {
  int64_t timestamp_ms = 0;  // 0: the writer gave none. Its inCommitTimestamp, when it gave that.
  std::string txn_id;
};

// A file in `_delta_log/_sidecars` that holds some of a V2 checkpoint's file actions. Stands in checkpoints only.
struct Sidecar {
  std::string name;
};

using Action = std::variant<CommitInfo, Protocol, Metadata, SetTransaction, RemoveFile, AddFile, Sidecar>;

// What tells a logical file from others: its path and, when it has one, its deletion vector.
template <typename FileAction>
std::string LogicalFileKey(const FileAction& file) {
  return file.deletion_vector ? file.path + '\n' + file.deletion_vector->UniqueId() : file.path;
}

// schemaString from and to columns of our own tables, which are of primitive types and nullable (delta/schema.h reads
// everybody's). `personal` is kept in the field's metadata as "qlake.personal", `comment` as "comment". FromSchemaJson
// throws Error{kInput} that names the column whose type is nested or otherwise none of ours.
std::string ToSchemaJson(const std::vector<base::Column>& columns);
std::vector<base::Column> FromSchemaJson(const std::string& schema_json);

}  // namespace qlake::delta
