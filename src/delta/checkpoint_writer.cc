#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "base/error.h"
#include "base/json.h"
#include "delta/checkpoint.h"
#include "delta/log_listing.h"
#include "delta/path_encoding.h"
#include "delta/retention.h"
#include "parquet/table_codec.h"

namespace qlake::delta {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// Building arrays in memory fails only when there is none left.
void Require(const arrow::Status& status) {
  if (!status.ok()) throw base::IoError("cannot build a checkpoint: {}", status.message());
}
template <typename T>
T Require(arrow::Result<T> result) {
  Require(result.status());
  return *std::move(result);
}

class TextColumn {
 public:
  void Append(std::string_view text) { Require(builder_.Append(text)); }
  void AppendOrNull(std::string_view text) { Require(text.empty() ? builder_.AppendNull() : builder_.Append(text)); }
  ArrayPtr Finish() { return Require(builder_.Finish()); }

 private:
  arrow::StringBuilder builder_;
};

class LongColumn {
 public:
  void Append(int64_t value) { Require(builder_.Append(value)); }
  void AppendOrNull(int64_t value) { Require(value == 0 ? builder_.AppendNull() : builder_.Append(value)); }
  ArrayPtr Finish() { return Require(builder_.Finish()); }

 private:
  arrow::Int64Builder builder_;
};

class TextListColumn {
 public:
  void Append(const std::vector<std::string>& list) {
    Require(builder_.Append());
    for (const std::string& text : list) Require(texts_->Append(text));
  }
  void AppendNull() { Require(builder_.AppendNull()); }
  ArrayPtr Finish() { return Require(builder_.Finish()); }

 private:
  std::shared_ptr<arrow::StringBuilder> texts_ = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder builder_{arrow::default_memory_pool(), texts_,
                              arrow::list(arrow::field("element", arrow::utf8()))};
};

class TextMapColumn {
 public:
  void Append(const PartitionValues& map) {
    Require(builder_.Append());
    for (const auto& [key, value] : map) {
      Require(keys_->Append(key));
      Require(value ? items_->Append(*value) : items_->AppendNull());
    }
  }
  void Append(const std::map<std::string, std::string>& map) {
    Require(builder_.Append());
    for (const auto& [key, value] : map) {
      Require(keys_->Append(key));
      Require(items_->Append(value));
    }
  }
  void AppendNull() { Require(builder_.AppendNull()); }
  ArrayPtr Finish() { return Require(builder_.Finish()); }

 private:
  std::shared_ptr<arrow::StringBuilder> keys_ = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::StringBuilder> items_ = std::make_shared<arrow::StringBuilder>();
  arrow::MapBuilder builder_{arrow::default_memory_pool(), keys_, items_};
};

ArrayPtr Constant(const arrow::Scalar& value, size_t rows) {
  return Require(arrow::MakeArrayFromScalar(value, static_cast<int64_t>(rows)));
}

ArrayPtr Struct(const std::vector<ArrayPtr>& fields, const std::vector<std::string>& names) {
  return Require(arrow::StructArray::Make(fields, names));
}

ArrayPtr BuildProtocol(const Protocol& protocol) {
  arrow::Int32Builder reader;
  arrow::Int32Builder writer;
  Require(reader.Append(protocol.min_reader_version));
  Require(writer.Append(protocol.min_writer_version));
  TextListColumn reader_features;
  TextListColumn writer_features;
  // The lists stand only in protocols that have features; an empty list elsewhere would be an error.
  protocol.min_reader_version >= 3 ? reader_features.Append(protocol.reader_features) : reader_features.AppendNull();
  protocol.min_writer_version >= 7 ? writer_features.Append(protocol.writer_features) : writer_features.AppendNull();
  return Struct(
      {Require(reader.Finish()), Require(writer.Finish()), reader_features.Finish(), writer_features.Finish()},
      {"minReaderVersion", "minWriterVersion", "readerFeatures", "writerFeatures"});
}

ArrayPtr BuildMetadata(const Metadata& metadata) {
  TextColumn id, name, description, provider, schema;
  TextMapColumn options, configuration;
  TextListColumn partition_columns;
  LongColumn created_time;
  id.Append(metadata.id);
  name.AppendOrNull(metadata.name);
  description.AppendOrNull(metadata.description);
  provider.Append("parquet");
  options.Append(PartitionValues());
  schema.Append(metadata.schema_json);
  partition_columns.Append(metadata.partition_columns);
  configuration.Append(metadata.configuration);
  created_time.Append(metadata.created_time_ms);
  ArrayPtr format = Struct({provider.Finish(), options.Finish()}, {"provider", "options"});
  return Struct(
      {id.Finish(), name.Finish(), description.Finish(), format, schema.Finish(), partition_columns.Finish(),
       configuration.Finish(), created_time.Finish()},
      {"id", "name", "description", "format", "schemaString", "partitionColumns", "configuration", "createdTime"});
}

ArrayPtr BuildTransactions(const std::map<std::string, SetTransaction>& transactions,
                           std::optional<int64_t> kept_from_ms) {
  TextColumn app_id;
  LongColumn version, last_updated;
  for (const auto& [id, transaction] : transactions) {
    // One that does not say when it was is kept.
    if (kept_from_ms && transaction.last_updated_ms != 0 && transaction.last_updated_ms < *kept_from_ms) continue;
    app_id.Append(id);
    version.Append(transaction.version);
    last_updated.AppendOrNull(transaction.last_updated_ms);
  }
  return Struct({app_id.Finish(), version.Finish(), last_updated.Finish()}, {"appId", "version", "lastUpdated"});
}

class DeletionVectorColumn {
 public:
  void Append(const std::optional<DeletionVector>& vector) {
    Require(valid_.Append(vector.has_value()));
    has_any_ = has_any_ || vector.has_value();
    const DeletionVector value = vector.value_or(DeletionVector());
    storage_type_.Append(value.storage_type);
    path_.Append(value.path_or_inline);
    Require(value.offset ? offset_.Append(*value.offset) : offset_.AppendNull());
    Require(size_.Append(value.size_bytes));
    cardinality_.Append(value.cardinality);
  }

  // Adds the column when a file has a deletion vector: tables without the feature have no such column.
  void FinishInto(std::vector<ArrayPtr>& fields, std::vector<std::string>& names) {
    if (!has_any_) return;
    auto vectors = Require(arrow::StructArray::Make(
        std::vector<ArrayPtr>{storage_type_.Finish(), path_.Finish(), Require(offset_.Finish()),
                              Require(size_.Finish()), cardinality_.Finish()},
        std::vector<std::string>{"storageType", "pathOrInlineDv", "offset", "sizeInBytes", "cardinality"},
        Require(valid_.Finish())));
    fields.push_back(std::move(vectors));
    names.emplace_back("deletionVector");
  }

 private:
  arrow::TypedBufferBuilder<bool> valid_;
  TextColumn storage_type_, path_;
  arrow::Int32Builder offset_, size_;
  LongColumn cardinality_;
  bool has_any_ = false;
};

ArrayPtr BuildAdds(const std::map<std::string, AddFile>& files) {
  TextColumn path, stats;
  TextMapColumn partition_values, tags;
  LongColumn size, modification_time;
  DeletionVectorColumn deletion_vector;
  for (const auto& [decoded_path, file] : files) {
    path.Append(EncodePath(decoded_path));
    partition_values.Append(file.partition_values);
    size.Append(file.size_bytes);
    modification_time.Append(file.modification_time_ms);
    stats.AppendOrNull(file.stats);
    file.tags.empty() ? tags.AppendNull() : tags.Append(file.tags);
    deletion_vector.Append(file.deletion_vector);
  }
  ArrayPtr data_change = Constant(arrow::BooleanScalar(false), files.size());
  std::vector<ArrayPtr> fields = {
      path.Finish(), partition_values.Finish(), size.Finish(), modification_time.Finish(), data_change, stats.Finish(),
      tags.Finish()};
  std::vector<std::string> names = {"path",       "partitionValues", "size", "modificationTime",
                                    "dataChange", "stats",           "tags"};
  deletion_vector.FinishInto(fields, names);
  return Struct(fields, names);
}

ArrayPtr BuildRemoves(const std::map<std::string, RemoveFile>& tombstones, int64_t kept_from_ms) {
  TextColumn path;
  LongColumn deletion_timestamp, size;
  TextMapColumn partition_values;
  DeletionVectorColumn deletion_vector;
  size_t kept = 0;
  for (const auto& [key, file] : tombstones) {
    if (file.deletion_timestamp_ms <= kept_from_ms) continue;
    ++kept;
    path.Append(EncodePath(file.path));
    deletion_timestamp.Append(file.deletion_timestamp_ms);
    partition_values.Append(file.partition_values);
    size.Append(file.size_bytes);
    deletion_vector.Append(file.deletion_vector);
  }
  ArrayPtr data_change = Constant(arrow::BooleanScalar(false), kept);
  ArrayPtr has_extended_fields = Constant(arrow::BooleanScalar(true), kept);
  std::vector<ArrayPtr> fields = {path.Finish(),       deletion_timestamp.Finish(), data_change,
                                  has_extended_fields, partition_values.Finish(),   size.Finish()};
  std::vector<std::string> names = {
      "path", "deletionTimestamp", "dataChange", "extendedFileMetadata", "partitionValues", "size"};
  deletion_vector.FinishInto(fields, names);
  return Struct(fields, names);
}

struct ActionColumn {
  std::string name;
  ArrayPtr actions;
};

// Puts the columns' rows one below the other: each row has one action, and NULL in the other columns.
std::shared_ptr<arrow::Table> StackRows(const std::vector<ActionColumn>& columns) {
  int64_t rows = 0;
  for (const ActionColumn& column : columns) rows += column.actions->length();
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector stacked;
  int64_t above = 0;
  for (const ActionColumn& column : columns) {
    int64_t below = rows - above - column.actions->length();
    auto type = column.actions->type();
    arrow::ArrayVector chunks = {Require(arrow::MakeArrayOfNull(type, above)), column.actions,
                                 Require(arrow::MakeArrayOfNull(type, below))};
    above += column.actions->length();
    fields.push_back(arrow::field(column.name, type));
    stacked.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(stacked), rows);
}

}  // namespace

std::shared_ptr<arrow::Table> BuildCheckpoint(const Snapshot& snapshot, int64_t now_ms) {
  int64_t kept_from_ms = now_ms - TombstoneRetentionMs(snapshot.metadata());
  std::optional<int64_t> transactions_from_ms;
  if (auto retention_ms = TransactionRetentionMs(snapshot.metadata())) transactions_from_ms = now_ms - *retention_ms;
  return StackRows({{"protocol", BuildProtocol(snapshot.protocol())},
                    {"metaData", BuildMetadata(snapshot.metadata())},
                    {"txn", BuildTransactions(snapshot.transactions(), transactions_from_ms)},
                    {"remove", BuildRemoves(snapshot.tombstones(), kept_from_ms)},
                    {"add", BuildAdds(snapshot.files())}});
}

void WriteCheckpoint(storage::Storage& storage, const Snapshot& snapshot, int64_t now_ms) {
  auto table = BuildCheckpoint(snapshot, now_ms);
  std::string bytes = parquet::EncodeTable(*table);
  // 1. The checkpoint, in one piece: a reader takes any that it finds for whole. A crash here leaves it without the
  //    hint; readers that list the log find it all the same.
  storage.Replace(CheckpointPath(snapshot.table_path(), snapshot.version()), bytes);
  // 2. The hint, for readers that do not list.
  base::Json hint = {{"version", snapshot.version()},
                     {"size", table->num_rows()},
                     {"sizeInBytes", bytes.size()},
                     {"numOfAddFiles", snapshot.files().size()}};
  storage.Replace(LastCheckpointPath(snapshot.table_path()), hint.dump());
}

}  // namespace qlake::delta
