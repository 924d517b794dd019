#include <arrow/array.h>
#include <arrow/table.h>

#include "base/error.h"
#include "delta/checkpoint.h"
#include "delta/path_encoding.h"

namespace qlake::delta {
namespace {

using RowNumber = int64_t;

// One field of an action in one chunk of a checkpoint. A field that the file lacks is NULL in every row.
template <typename... Arrays>
class Field {
 public:
  Field(const arrow::StructArray& action, const std::string& field, const std::string& name)
      : array_(action.GetFieldByName(field)) {
    if (array_ && !(IsA<Arrays>() || ...)) {
      throw base::CorruptError("{} is no checkpoint: its field {} is of type {}", name, field,
                               array_->type()->ToString());
    }
  }
  bool IsNull(RowNumber row) const { return !array_ || array_->IsNull(row); }

 protected:
  template <typename Array>
  bool IsA() const {
    return array_->type_id() == Array::TypeClass::type_id;
  }
  template <typename Array>
  const Array& As() const {
    return static_cast<const Array&>(*array_);
  }

  std::shared_ptr<arrow::Array> array_;
};

// Writers keep texts with offsets of 32 or 64 bits; Parquet files that Arrow wrote say which.
std::string_view TextAt(const arrow::Array& texts, RowNumber row) {
  if (texts.type_id() == arrow::Type::LARGE_STRING)
    return static_cast<const arrow::LargeStringArray&>(texts).GetView(row);
  return static_cast<const arrow::StringArray&>(texts).GetView(row);
}

void RequireTexts(const arrow::Array& array, const std::string& name) {
  if (array.type_id() == arrow::Type::STRING || array.type_id() == arrow::Type::LARGE_STRING) return;
  throw base::CorruptError("{} is no checkpoint: it has {} for texts", name, array.type()->ToString());
}

class TextField : public Field<arrow::StringArray, arrow::LargeStringArray> {
 public:
  using Field::Field;
  std::string At(RowNumber row) const { return IsNull(row) ? std::string() : std::string(TextAt(*array_, row)); }
};

class LongField : public Field<arrow::Int64Array, arrow::Int32Array> {
 public:
  using Field::Field;
  int64_t At(RowNumber row) const {
    if (IsNull(row)) return 0;
    return IsA<arrow::Int64Array>() ? As<arrow::Int64Array>().Value(row) : As<arrow::Int32Array>().Value(row);
  }
};

class TextListField : public Field<arrow::ListArray> {
 public:
  TextListField(const arrow::StructArray& action, const std::string& field, const std::string& name)
      : Field(action, field, name) {
    if (array_) RequireTexts(*As<arrow::ListArray>().values(), name);
  }
  std::vector<std::string> At(RowNumber row) const {
    std::vector<std::string> list;
    if (IsNull(row)) return list;
    const auto& lists = As<arrow::ListArray>();
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      list.emplace_back(TextAt(*lists.values(), i));
    }
    return list;
  }
};

class TextMapField : public Field<arrow::MapArray> {
 public:
  TextMapField(const arrow::StructArray& action, const std::string& field, const std::string& name)
      : Field(action, field, name) {
    if (!array_) return;
    RequireTexts(*As<arrow::MapArray>().keys(), name);
    RequireTexts(*As<arrow::MapArray>().items(), name);
  }

  PartitionValues At(RowNumber row) const {
    PartitionValues map;
    if (IsNull(row)) return map;
    const auto& maps = As<arrow::MapArray>();
    for (int64_t i = maps.value_offset(row); i < maps.value_offset(row + 1); ++i) {
      auto& value = map[std::string(TextAt(*maps.keys(), i))];
      // An empty text stands for NULL too (PROTOCOL.md, "Partition Value Serialization").
      if (!maps.items()->IsNull(i) && !TextAt(*maps.items(), i).empty()) value = TextAt(*maps.items(), i);
    }
    return map;
  }

  std::map<std::string, std::string> TextsAt(RowNumber row) const {
    std::map<std::string, std::string> texts;
    for (auto& [key, value] : At(row)) texts.emplace(key, value.value_or(""));
    return texts;
  }
};

std::string DecodedPath(const std::string& encoded, const std::string& name) {
  auto path = DecodePath(encoded);
  if (!path || path->empty()) throw base::CorruptError("{}: not a path: \"{}\"", name, encoded);
  return *std::move(path);
}

// The deletion vectors of a chunk of adds or removes.
class DeletionVectorField : public Field<arrow::StructArray> {
 public:
  DeletionVectorField(const arrow::StructArray& action, const std::string& name)
      : Field(action, "deletionVector", name) {
    if (!array_) return;
    const auto& vectors = As<arrow::StructArray>();
    storage_type_.emplace(vectors, "storageType", name);
    path_or_inline_.emplace(vectors, "pathOrInlineDv", name);
    offset_.emplace(vectors, "offset", name);
    size_.emplace(vectors, "sizeInBytes", name);
    cardinality_.emplace(vectors, "cardinality", name);
  }

  std::optional<DeletionVector> At(RowNumber row) const {
    // Some writers have a struct of NULLs for none.
    if (IsNull(row) || storage_type_->IsNull(row)) return std::nullopt;
    DeletionVector vector{.storage_type = storage_type_->At(row),
                          .path_or_inline = path_or_inline_->At(row),
                          .size_bytes = static_cast<int32_t>(size_->At(row)),
                          .cardinality = cardinality_->At(row)};
    if (!offset_->IsNull(row)) vector.offset = static_cast<int32_t>(offset_->At(row));
    return vector;
  }

 private:
  std::optional<TextField> storage_type_, path_or_inline_;
  std::optional<LongField> offset_, size_, cardinality_;
};

// Calls read(row) for the rows of the chunk in which the action is not NULL.
template <typename Read>
void ForEachRow(const arrow::StructArray& action, Read read) {
  for (RowNumber row = 0; row < action.length(); ++row) {
    if (!action.IsNull(row)) read(row);
  }
}

void ReadAdds(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  TextField path(chunk, "path", name);
  TextMapField partition_values(chunk, "partitionValues", name);
  LongField size(chunk, "size", name);
  LongField modification_time(chunk, "modificationTime", name);
  TextField stats(chunk, "stats", name);
  TextMapField tags(chunk, "tags", name);
  DeletionVectorField deletion_vector(chunk, name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(AddFile{.path = DecodedPath(path.At(row), name),
                              .partition_values = partition_values.At(row),
                              .size_bytes = size.At(row),
                              .modification_time_ms = modification_time.At(row),
                              .stats = stats.At(row),
                              .tags = tags.TextsAt(row),
                              .deletion_vector = deletion_vector.At(row)});
  });
}

void ReadRemoves(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  TextField path(chunk, "path", name);
  LongField deletion_timestamp(chunk, "deletionTimestamp", name);
  TextMapField partition_values(chunk, "partitionValues", name);
  LongField size(chunk, "size", name);
  DeletionVectorField deletion_vector(chunk, name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(RemoveFile{.path = DecodedPath(path.At(row), name),
                                 .deletion_timestamp_ms = deletion_timestamp.At(row),
                                 .partition_values = partition_values.At(row),
                                 .size_bytes = size.At(row),
                                 .deletion_vector = deletion_vector.At(row)});
  });
}

void ReadTransactions(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  TextField app_id(chunk, "appId", name);
  LongField version(chunk, "version", name);
  LongField last_updated(chunk, "lastUpdated", name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(
        SetTransaction{.app_id = app_id.At(row), .version = version.At(row), .last_updated_ms = last_updated.At(row)});
  });
}

void ReadMetadata(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  TextField id(chunk, "id", name);
  TextField table_name(chunk, "name", name);
  TextField description(chunk, "description", name);
  TextField schema(chunk, "schemaString", name);
  TextListField partition_columns(chunk, "partitionColumns", name);
  TextMapField configuration(chunk, "configuration", name);
  LongField created_time(chunk, "createdTime", name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(Metadata{.id = id.At(row),
                               .name = table_name.At(row),
                               .description = description.At(row),
                               .schema_json = schema.At(row),
                               .partition_columns = partition_columns.At(row),
                               .configuration = configuration.TextsAt(row),
                               .created_time_ms = created_time.At(row)});
  });
}

void ReadProtocol(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  LongField reader(chunk, "minReaderVersion", name);
  LongField writer(chunk, "minWriterVersion", name);
  TextListField reader_features(chunk, "readerFeatures", name);
  TextListField writer_features(chunk, "writerFeatures", name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(Protocol{.min_reader_version = static_cast<int>(reader.At(row)),
                               .min_writer_version = static_cast<int>(writer.At(row)),
                               .reader_features = reader_features.At(row),
                               .writer_features = writer_features.At(row)});
  });
}

void ReadSidecars(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions) {
  TextField path(chunk, "path", name);
  ForEachRow(chunk, [&](RowNumber row) {
    actions.push_back(Sidecar{.name = std::string(FileName(DecodedPath(path.At(row), name)))});
  });
}

using ReadChunk = void (*)(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions);

void ReadColumn(const arrow::Table& table, const std::string& column, ReadChunk read, const std::string& name,
                std::vector<Action>& actions) {
  auto chunks = table.GetColumnByName(column);
  if (!chunks) return;  // A part of a checkpoint may lack the kinds of actions that are in others.
  if (chunks->type()->id() != arrow::Type::STRUCT) {
    throw base::CorruptError("{} is no checkpoint: its column {} is of type {}", name, column,
                             chunks->type()->ToString());
  }
  for (const auto& chunk : chunks->chunks()) read(static_cast<const arrow::StructArray&>(*chunk), name, actions);
}

}  // namespace

std::vector<Action> ReadCheckpoint(const arrow::Table& table, const std::string& name) {
  std::vector<Action> actions;
  actions.reserve(static_cast<size_t>(table.num_rows()));
  ReadColumn(table, "protocol", ReadProtocol, name, actions);
  ReadColumn(table, "metaData", ReadMetadata, name, actions);
  ReadColumn(table, "txn", ReadTransactions, name, actions);
  ReadColumn(table, "remove", ReadRemoves, name, actions);
  ReadColumn(table, "add", ReadAdds, name, actions);
  ReadColumn(table, "sidecar", ReadSidecars, name, actions);
  return actions;
}

}  // namespace qlake::delta
