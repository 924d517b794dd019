#include "engine/duckdb/row_sink.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "base/digest.h"
#include "base/error.h"
#include "base/parallel.h"
#include "engine/duckdb/partition_path.h"
#include "engine/duckdb/table_view.h"

namespace qlake::engine {

struct RowSink::Partition {
  delta::PartitionValues values;
  std::string folder;
  parquet::RowBuffer rows;
};

namespace {

using Kind = base::ColumnType::Kind;

// The bytes that a cell takes in a buffer beside its value: the definition level.
constexpr uint64_t kLevelBytes = sizeof(int16_t);

// Rows of a chunk that follow each other and go to one partition.
struct Stretch {
  parquet::RowBuffer* buffer = nullptr;
  idx_t begin = 0;
  idx_t end = 0;
};

static_assert(sizeof(duckdb_string_t::value.inlined.inlined) == parquet::ColumnBuffer::kShortBytes);

// Appends each cell of a chunk's column to that column's buffer of the row's partition, and says how many bytes the
// buffers grew by. One loop a type, so that a cell costs no decision.
template <typename Stored, typename Append>
uint64_t AppendColumn(const VectorView& cells, const std::vector<Stretch>& stretches, size_t column,
                      const Append& append) {
  uint64_t rows = 0;
  for (const auto& stretch : stretches) {
    auto& buffer = stretch.buffer->values[column];
    rows += stretch.end - stretch.begin;
    for (idx_t row = stretch.begin; row < stretch.end; ++row) {
      if (cells.IsNull(row)) {
        buffer.AppendNull();
      } else {
        append(buffer, cells.At<Stored>(row));
      }
    }
  }
  return rows * (kLevelBytes + sizeof(Stored));
}

// Numbers that are stored as they come, where none is NULL: copied at once.
template <typename Stored>
uint64_t AppendNumbers(const VectorView& cells, const std::vector<Stretch>& stretches, size_t column) {
  constexpr bool kIs32 = sizeof(Stored) == sizeof(int32_t);
  if (cells.MayHaveNulls()) {
    return AppendColumn<Stored>(cells, stretches, column, [](auto& buffer, Stored value) {
      if constexpr (kIs32) {
        buffer.AppendInt32(value);
      } else {
        buffer.AppendInt64(value);
      }
    });
  }
  uint64_t rows = 0;
  for (const auto& stretch : stretches) {
    auto& buffer = stretch.buffer->values[column];
    idx_t count = stretch.end - stretch.begin;
    rows += count;
    if constexpr (kIs32) {
      buffer.AppendInt32s(&cells.At<Stored>(stretch.begin), count);
    } else {
      buffer.AppendInt64s(&cells.At<Stored>(stretch.begin), count);
    }
  }
  return rows * (kLevelBytes + sizeof(Stored));
}

uint64_t AppendTexts(const VectorView& cells, const std::vector<Stretch>& stretches, size_t column) {
  uint64_t text_bytes = 0;
  uint64_t bytes = AppendColumn<duckdb_string_t>(cells, stretches, column, [&](auto& buffer, const auto& text) {
    uint32_t size = text.value.inlined.length;
    text_bytes += size;
    if (size <= sizeof text.value.inlined.inlined) {
      buffer.AppendShortBytes(text.value.inlined.inlined, size);
    } else {
      buffer.AppendBytes({text.value.pointer.ptr, size});
    }
  });
  return bytes + text_bytes;
}

uint64_t AppendDecimals(const VectorView& cells, const std::vector<Stretch>& stretches, size_t column, int precision) {
  auto append = [](auto& buffer, auto value) { buffer.AppendInt64(value); };
  // The integers that DuckDB keeps a DECIMAL of so many digits in.
  if (precision <= 4) return AppendColumn<int16_t>(cells, stretches, column, append);
  if (precision <= 9) return AppendColumn<int32_t>(cells, stretches, column, append);
  if (precision <= 18) return AppendNumbers<int64_t>(cells, stretches, column);
  return AppendColumn<duckdb_hugeint>(cells, stretches, column,
                                      [](auto& buffer, auto value) { buffer.AppendInt128(ToInt128(value)); });
}

uint64_t AppendTyped(base::ColumnType type, const VectorView& cells, const std::vector<Stretch>& stretches,
                     size_t column) {
  switch (type.kind) {
    case Kind::kBoolean:
      return AppendColumn<bool>(cells, stretches, column, [](auto& buffer, bool value) { buffer.AppendBool(value); });
    case Kind::kInteger:
    case Kind::kDate:
      return AppendNumbers<int32_t>(cells, stretches, column);
    case Kind::kLong:
    case Kind::kTimestamp:
      return AppendNumbers<int64_t>(cells, stretches, column);
    case Kind::kDouble:
      return AppendColumn<double>(cells, stretches, column, [](auto& buffer, double v) { buffer.AppendDouble(v); });
    case Kind::kDecimal:
      return AppendDecimals(cells, stretches, column, type.precision);
    case Kind::kString:
    case Kind::kBinary:
      break;
  }
  return AppendTexts(cells, stretches, column);
}

bool CanPartitionBy(base::ColumnType type) {
  return type.kind == Kind::kDate || type.kind == Kind::kInteger || type.kind == Kind::kLong ||
         type.kind == Kind::kBoolean || type.kind == Kind::kString;
}

// The value as a part of the map's key. REQUIRES: CanPartitionBy(type).
void AppendKey(base::ColumnType type, const VectorView& cells, idx_t row, std::string& key) {
  auto append = [&](const auto& value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  key.push_back(cells.IsNull(row) ? 0 : 1);
  if (cells.IsNull(row)) return;
  if (type.kind == Kind::kString) {
    append(cells.TextAt(row).size());
    key.append(cells.TextAt(row));
  } else if (type.kind == Kind::kBoolean) {
    append(cells.At<bool>(row));
  } else if (type.kind == Kind::kLong) {
    append(cells.At<int64_t>(row));
  } else {
    append(cells.At<int32_t>(row));
  }
}

// The value as the log writes it (PROTOCOL.md, "Partition Value Serialization"), where an empty text means NULL.
std::optional<std::string> FormatPartitionValue(base::ColumnType type, const VectorView& cells, idx_t row) {
  if (cells.IsNull(row)) return std::nullopt;
  switch (type.kind) {
    case Kind::kDate:
      return base::FormatDate({cells.At<int32_t>(row)});
    case Kind::kBoolean:
      return cells.At<bool>(row) ? "true" : "false";
    case Kind::kInteger:
      return std::to_string(cells.At<int32_t>(row));
    case Kind::kLong:
      return std::to_string(cells.At<int64_t>(row));
    default:
      break;
  }
  if (cells.TextAt(row).empty()) return std::nullopt;
  return std::string(cells.TextAt(row));
}

}  // namespace

RowSink::RowSink(storage::Storage& storage, const base::Clock& clock, Options options,
                 const std::atomic<bool>& cancelled)
    : storage_(storage), clock_(clock), options_(std::move(options)), cancelled_(cancelled) {
  const auto& names = options_.partition_columns;
  for (size_t i = 0; i < options_.columns.size(); ++i) {
    if (std::find(names.begin(), names.end(), options_.columns[i].name) == names.end()) value_indexes_.push_back(i);
  }
  for (const auto& name : names) {
    auto found = std::find_if(options_.columns.begin(), options_.columns.end(),
                              [&](const base::Column& column) { return column.name == name; });
    if (found == options_.columns.end()) {
      throw base::InputError("table {} has no column to partition by that is called {}", options_.table_path, name);
    }
    if (!CanPartitionBy(found->type)) {
      throw base::InputError("table {} cannot be partitioned by {}, whose type is {}", options_.table_path, name,
                             base::FormatSqlType(found->type));
    }
    partition_indexes_.push_back(static_cast<size_t>(found - options_.columns.begin()));
  }
}

class RowSink::Part {
 public:
  explicit Part(RowSink& sink) : sink_(sink) {}

  void Add(duckdb_data_chunk chunk, bool is_clustered) {
    bool is_checked =
        sink_.options_.check != nullptr && duckdb_data_chunk_get_column_count(chunk) > sink_.options_.columns.size();
    if (is_checked) sink_.options_.check->Require(chunk);
    std::vector<VectorView> partition_cells;
    for (size_t index : sink_.partition_indexes_) {
      partition_cells.emplace_back(duckdb_data_chunk_get_vector(chunk, index));
    }
    SplitByPartition(partition_cells, duckdb_data_chunk_get_size(chunk));
    for (size_t i = 0; i < sink_.value_indexes_.size(); ++i) {
      size_t index = sink_.value_indexes_[i];
      VectorView cells(duckdb_data_chunk_get_vector(chunk, index));
      bytes_ += AppendTyped(sink_.options_.columns[index].type, cells, stretches_, i);
    }
    if (is_clustered) {
      WriteAllBut(last_partition_);
    } else if (bytes_ > sink_.options_.bytes_max) {
      Flush();
    }
  }

  // Writes what is kept, by all threads.
  void Flush() {
    std::vector<std::unique_ptr<Partition>> full = TakeAllBut(nullptr);
    size_t first = files_.size();
    files_.resize(first + full.size());
    base::ParallelFor(full.size(), sink_.options_.threads, [&](size_t i) {
      files_[first + i] = sink_.WriteFile(*full[i]);
      full[i].reset();
    });
  }

  std::vector<delta::AddFile>& files() { return files_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void SplitByPartition(const std::vector<VectorView>& partition_cells, idx_t rows) {
    stretches_.clear();
    for (idx_t row = 0; row < rows; ++row) {
      auto* buffer = &FindPartition(partition_cells, row).rows;
      if (stretches_.empty() || stretches_.back().buffer != buffer) stretches_.push_back({buffer, row, row});
      stretches_.back().end = row + 1;
    }
  }

  Partition& FindPartition(const std::vector<VectorView>& partition_cells, idx_t row) {
    key_.clear();
    for (size_t i = 0; i < partition_cells.size(); ++i) {
      AppendKey(sink_.options_.columns[sink_.partition_indexes_[i]].type, partition_cells[i], row, key_);
    }
    if (last_partition_ != nullptr && key_ == last_key_) return *last_partition_;
    auto found = partitions_.find(key_);
    if (found == partitions_.end()) {
      found = partitions_.emplace(key_, MakePartition(sink_.ReadValues(partition_cells, row))).first;
    }
    last_key_ = key_;
    last_partition_ = found->second.get();
    return *last_partition_;
  }

  // Partitions come and go by the hundred, and their buffers grow to much the same size: the next one takes them over.
  std::unique_ptr<Partition> MakePartition(delta::PartitionValues values) {
    auto partition = sink_.MakePartition(std::move(values));
    if (!spare_.empty()) {
      partition->rows = std::move(spare_.back());
      spare_.pop_back();
    }
    return partition;
  }

  void WriteAllBut(const Partition* open) {
    if (partitions_.size() < 2) return;
    for (const auto& partition : TakeAllBut(open)) {
      files_.push_back(sink_.WriteFile(*partition));
      for (auto& column : partition->rows.values) column.Clear();
      spare_.push_back(std::move(partition->rows));
    }
  }

  // In the order of the folders, so that the log is the same for the same rows.
  std::vector<std::unique_ptr<Partition>> TakeAllBut(const Partition* open) {
    std::vector<std::unique_ptr<Partition>> taken;
    for (auto it = partitions_.begin(); it != partitions_.end();) {
      if (it->second.get() == open) {
        ++it;
        continue;
      }
      taken.push_back(std::move(it->second));
      it = partitions_.erase(it);
    }
    if (open == nullptr) {
      last_partition_ = nullptr;
      bytes_ = 0;
    }
    std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) { return a->folder < b->folder; });
    return taken;
  }

  RowSink& sink_;
  std::unordered_map<std::string, std::unique_ptr<Partition>, TextHash, std::equal_to<>> partitions_;
  std::string key_;       // Of the row that FindPartition looks at.
  std::string last_key_;  // Rows of one partition tend to follow each other.
  Partition* last_partition_ = nullptr;
  std::vector<parquet::RowBuffer> spare_;  // Empty.
  std::vector<Stretch> stretches_;         // Of the chunk that is being added.
  uint64_t bytes_ = 0;                     // Of all buffers, about.
  std::vector<delta::AddFile> files_;
};

RowSink::~RowSink() = default;

void RowSink::Add(duckdb_data_chunk chunk) {
  rows_ += static_cast<int64_t>(duckdb_data_chunk_get_size(chunk));
  PartOfThisThread().Add(chunk, false);
}

void RowSink::AddClustered(duckdb_data_chunk chunk) {
  rows_ += static_cast<int64_t>(duckdb_data_chunk_get_size(chunk));
  PartOfThisThread().Add(chunk, true);
}

uint64_t RowSink::bytes() const {
  uint64_t bytes = 0;
  for (const auto& [thread, part] : parts_) bytes += part->bytes();
  return bytes;
}

RowSink::Part& RowSink::PartOfThisThread() {
  std::lock_guard lock(mutex_);
  auto& part = parts_[std::this_thread::get_id()];
  if (!part) part = std::make_unique<Part>(*this);
  return *part;
}

delta::PartitionValues RowSink::ReadValues(const std::vector<VectorView>& partition_cells, idx_t row) const {
  delta::PartitionValues values;
  for (size_t i = 0; i < partition_cells.size(); ++i) {
    auto type = options_.columns[partition_indexes_[i]].type;
    values[options_.partition_columns[i]] = FormatPartitionValue(type, partition_cells[i], row);
  }
  return values;
}

std::unique_ptr<RowSink::Partition> RowSink::MakePartition(delta::PartitionValues values) const {
  auto partition = std::make_unique<Partition>();
  partition->folder = PartitionFolder(options_.partition_columns, values);
  partition->values = std::move(values);
  for (size_t index : value_indexes_) {
    partition->rows.columns.push_back(options_.columns[index]);
    partition->rows.values.emplace_back(options_.columns[index].type);
  }
  return partition;
}

std::vector<delta::AddFile> RowSink::Finish() {
  std::vector<delta::AddFile> files;
  for (auto& [thread, part] : parts_) {
    part->Flush();
    std::move(part->files().begin(), part->files().end(), std::back_inserter(files));
  }
  // Which thread wrote what is chance; the log is the same for the same rows.
  std::stable_sort(files.begin(), files.end(),
                   [](const auto& a, const auto& b) { return a.partition_values < b.partition_values; });
  return files;
}

delta::AddFile RowSink::WriteFile(Partition& partition) const {
  if (cancelled_) throw base::UnavailableError("interrupted");
  auto encoded = parquet::EncodeFile(partition.rows, options_.encode);
  delta::AddFile file;
  file.path = options_.folder + partition.folder + options_.file_prefix + base::NewUuid() + ".zstd.parquet";
  storage_.Write(options_.table_path + "/" + file.path, encoded.bytes);
  file.partition_values = std::move(partition.values);
  file.size_bytes = static_cast<int64_t>(encoded.bytes.size());
  file.modification_time_ms = clock_.Now().us / 1000;
  file.stats = std::move(encoded.stats);
  file.tags[kColumnsTag] = ColumnsTagOf(options_.columns);
  return file;
}

}  // namespace qlake::engine
