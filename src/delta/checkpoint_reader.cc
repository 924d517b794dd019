#include <arrow/array.h>
#include <arrow/table.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "base/parallel.h"
#include "delta/checkpoint.h"
#include "delta/path_encoding.h"
#include "parquet/table_codec.h"

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
  std::string_view View(RowNumber row) const { return TextAt(*array_, row); }
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

  // Two rows of one key have the same map.
  std::string KeyAt(RowNumber row) const {
    std::string key;
    if (IsNull(row)) return key;
    const auto& maps = As<arrow::MapArray>();
    for (int64_t i = maps.value_offset(row); i < maps.value_offset(row + 1); ++i) {
      key.append(TextAt(*maps.keys(), i)).push_back('\0');
      key.push_back(maps.items()->IsNull(i) ? '0' : '1');
      if (!maps.items()->IsNull(i)) key.append(TextAt(*maps.items(), i)).push_back('\0');
    }
    return key;
  }
};

// The maps of a column's rows, equal ones shared.
template <typename Map>
class MapPool {
 public:
  template <typename MakeMap>
  const SharedMap<Map>& Of(std::string key, MakeMap make_map) {
    auto found = maps_.find(key);
    if (found == maps_.end()) found = maps_.emplace(std::move(key), make_map()).first;
    return found->second;
  }

 private:
  std::unordered_map<std::string, SharedMap<Map>> maps_;
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

  Boxed<DeletionVector> At(RowNumber row) const {
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

// Makes files of a chunk of adds.
class AddReader {
 public:
  AddReader(const arrow::StructArray& chunk, const std::string& name)
      : chunk_(chunk),
        name_(name),
        path_(chunk, "path", name),
        partition_values_(chunk, "partitionValues", name),
        size_(chunk, "size", name),
        modification_time_(chunk, "modificationTime", name),
        tags_(chunk, "tags", name),
        deletion_vector_(chunk, name) {}

  // Rows of the chunk, which must hold as many files as there are places. `first_row`: the chunk's in the checkpoint.
  // Thread-safe.
  void Read(RowNumber begin, RowNumber end, RowNumber first_row,
            const std::shared_ptr<const StatisticsColumn>& statistics, AddFile* places) const {
    MapPool<PartitionValues> values;
    MapPool<std::map<std::string, std::string>> tags;
    for (RowNumber row = begin; row < end; ++row) {
      if (chunk_.IsNull(row)) continue;
      AddFile& file = *places++;
      file.path = DecodedPath(path_.At(row), name_);
      file.partition_values =
          values.Of(partition_values_.KeyAt(row), [&] { return SharedMap(partition_values_.At(row)); });
      file.size_bytes = size_.At(row);
      file.modification_time_ms = modification_time_.At(row);
      if (statistics) file.stats = FileStatistics(statistics, first_row + row);
      if (!tags_.IsNull(row)) file.tags = tags.Of(tags_.KeyAt(row), [&] { return SharedMap(tags_.TextsAt(row)); });
      file.deletion_vector = deletion_vector_.At(row);
    }
  }

 private:
  const arrow::StructArray& chunk_;
  const std::string& name_;
  TextField path_;
  TextMapField partition_values_;
  LongField size_, modification_time_;
  TextMapField tags_;
  DeletionVectorField deletion_vector_;
};

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

std::shared_ptr<arrow::ChunkedArray> FindColumn(const arrow::Table& table, const std::string& column,
                                                const std::string& name) {
  auto chunks = table.GetColumnByName(column);
  if (chunks && chunks->type()->id() != arrow::Type::STRUCT) {
    throw base::CorruptError("{} is no checkpoint: its column {} is of type {}", name, column,
                             chunks->type()->ToString());
  }
  return chunks;
}

const arrow::StructArray& AsStruct(const std::shared_ptr<arrow::Array>& chunk) {
  return static_cast<const arrow::StructArray&>(*chunk);
}

using ReadChunk = void (*)(const arrow::StructArray& chunk, const std::string& name, std::vector<Action>& actions);

void ReadColumn(const arrow::Table& table, const std::string& column, ReadChunk read, const std::string& name,
                std::vector<Action>& actions) {
  auto chunks = FindColumn(table, column, name);
  if (!chunks) return;  // A part of a checkpoint may lack the kinds of actions that are in others.
  for (const auto& chunk : chunks->chunks()) read(AsStruct(chunk), name, actions);
}

size_t CountRows(const arrow::StructArray& chunk, RowNumber begin, RowNumber end) {
  size_t count = 0;
  for (RowNumber row = begin; row < end; ++row) count += chunk.IsNull(row) ? 0 : 1;
  return count;
}

// Many files are read by several threads, each a part of the rows.
std::vector<AddFile> ReadAdds(const arrow::Table& table, const std::string& name,
                              const std::shared_ptr<const StatisticsColumn>& statistics) {
  constexpr RowNumber kPartRows = 10'000;
  struct Part {
    const AddReader* reader;
    RowNumber begin, end, first_row;
    size_t place;
  };
  std::vector<std::unique_ptr<AddReader>> readers;
  std::vector<Part> parts;
  RowNumber first_row = 0;
  size_t count = 0;
  auto chunks = FindColumn(table, "add", name);
  for (const auto& chunk : chunks ? chunks->chunks() : arrow::ArrayVector()) {
    readers.push_back(std::make_unique<AddReader>(AsStruct(chunk), name));
    for (RowNumber row = 0; row < chunk->length(); row += kPartRows) {
      RowNumber end = std::min(row + kPartRows, chunk->length());
      parts.push_back({readers.back().get(), row, end, first_row, count});
      count += CountRows(AsStruct(chunk), row, end);
    }
    first_row += chunk->length();
  }
  std::vector<AddFile> files(count);
  base::ParallelFor(parts.size(), std::thread::hardware_concurrency(), [&](size_t i) {
    const Part& part = parts[i];
    part.reader->Read(part.begin, part.end, part.first_row, statistics, files.data() + part.place);
  });
  return files;
}

CheckpointContent ReadActions(const arrow::Table& table, const std::string& name,
                              const std::shared_ptr<const StatisticsColumn>& statistics) {
  CheckpointContent content;
  ReadColumn(table, "protocol", ReadProtocol, name, content.others);
  ReadColumn(table, "metaData", ReadMetadata, name, content.others);
  ReadColumn(table, "txn", ReadTransactions, name, content.others);
  ReadColumn(table, "remove", ReadRemoves, name, content.others);
  ReadColumn(table, "sidecar", ReadSidecars, name, content.others);
  content.files = ReadAdds(table, name, statistics);
  return content;
}

constexpr std::string_view kStatistics = "add.stats";

// Decodes the statistics out of the checkpoint's bytes, when they are asked for.
class LazyStatistics final : public StatisticsColumn {
 public:
  LazyStatistics(std::string bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}

  const std::string& bytes() const { return bytes_; }

  std::string_view At(RowNumber row) const override {
    std::call_once(decoded_, [this] { Decode(); });
    // Each chunk begins where the one before ends.
    auto chunk = std::ranges::upper_bound(chunks_, row, {}, &Chunk::first_row);
    if (chunk == chunks_.begin()) return {};
    --chunk;
    RowNumber at = row - chunk->first_row;
    return at >= chunk->length || chunk->texts.IsNull(at) ? std::string_view() : chunk->texts.View(at);
  }

 private:
  struct Chunk {
    RowNumber first_row;
    RowNumber length;
    TextField texts;
  };

  void Decode() const {
    table_ = parquet::DecodeFile(bytes_, name_, [](std::string_view column) { return column == kStatistics; });
    auto column = FindColumn(*table_, "add", name_);
    RowNumber first_row = 0;
    for (const auto& chunk : column ? column->chunks() : arrow::ArrayVector()) {
      chunks_.push_back({first_row, chunk->length(), TextField(AsStruct(chunk), "stats", name_)});
      first_row += chunk->length();
    }
  }

  std::string bytes_;
  std::string name_;
  mutable std::once_flag decoded_;
  mutable std::shared_ptr<arrow::Table> table_;  // Owns what the chunks show.
  mutable std::vector<Chunk> chunks_;
};

// What a state is made of; checkpoints of others have more, such as statistics in columns of their own.
bool IsOfState(std::string_view column) {
  constexpr std::array<std::string_view, 11> kColumns = {"protocol",
                                                         "metaData",
                                                         "txn",
                                                         "remove",
                                                         "sidecar",
                                                         "add.path",
                                                         "add.partitionValues",
                                                         "add.size",
                                                         "add.modificationTime",
                                                         "add.tags",
                                                         "add.deletionVector"};
  return std::ranges::any_of(kColumns, [&](std::string_view wanted) {
    return column.starts_with(wanted) && (column.size() == wanted.size() || column[wanted.size()] == '.');
  });
}

}  // namespace

CheckpointContent ReadCheckpoint(const arrow::Table& table, const std::string& name) {
  return ReadActions(table, name, nullptr);
}

CheckpointContent DecodeCheckpoint(std::string bytes, const std::string& name) {
  auto statistics = std::make_shared<const LazyStatistics>(std::move(bytes), name);
  return ReadActions(*parquet::DecodeFile(statistics->bytes(), name, IsOfState), name, statistics);
}

}  // namespace qlake::delta
