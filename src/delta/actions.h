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

struct AddFile {
  std::string path;  // Decoded, relative to the table's folder.
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool data_change = true;
  std::string stats;  // The protocol's per-file statistics as JSON text; empty when there are none.
  std::map<std::string, std::string> tags;
};

struct RemoveFile {
  std::string path;
  int64_t deletion_timestamp_ms = 0;
  bool data_change = true;
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
  int64_t timestamp_ms = 0;  // 0: the writer gave none.
  std::string txn_id;
};

using Action = std::variant<CommitInfo, Protocol, Metadata, SetTransaction, RemoveFile, AddFile>;

// schemaString from and to columns of primitive types; every column is nullable. `personal` is kept in the field's
// metadata as "qlake.personal", `comment` as "comment". FromSchemaJson throws Error{kInput} that names the column whose
// type is nested or otherwise none of ours.
std::string ToSchemaJson(const std::vector<base::Column>& columns);
std::vector<base::Column> FromSchemaJson(const std::string& schema_json);

}  // namespace qlake::delta
