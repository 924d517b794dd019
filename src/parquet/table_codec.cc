#include "parquet/table_codec.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <vector>

#include "base/error.h"
#include "base/seal.h"

namespace qlake::parquet {
namespace {

constexpr const char* kSealKey = "qlake.seal";
// Below this many rows, threads cost more than they save.
constexpr int64_t kRowsForThreads = 20'000;

base::Error NoParquetFile(const std::string& name, std::string_view reason) {
  return base::CorruptError("{} is no readable Parquet file: {}", name, reason);
}

// A damaged file may ask for any amount of memory. No checkpoint that is whole unfolds to more than this.
int64_t BytesMax(size_t file_bytes) { return (int64_t{1} << 30) + static_cast<int64_t>(file_bytes) * 100; }

// The table's buffers give their memory back to the pool.
struct Decoded {
  explicit Decoded(int64_t bytes_max) : pool(arrow::default_memory_pool(), bytes_max) {}
  arrow::CappedMemoryPool pool;
  std::shared_ptr<arrow::Table> table;
};

// Damage that Parquet would take for other values. Files of other writers carry no seal.
void RequireIntact(const std::string& bytes, const ::parquet::FileMetaData& metadata, const std::string& name) {
  const auto& entries = metadata.key_value_metadata();
  if (!entries || !entries->Contains(kSealKey)) return;
  std::string seal = entries->Get(kSealKey).ValueOr("");
  size_t position = bytes.rfind(seal);
  bool is_whole = seal.size() == base::kSealDigits && position != std::string::npos;
  if (!is_whole || !base::IsSealIntact(bytes, position)) {
    throw base::CorruptError("{} is damaged: it is not as it was written ({} does not match)", name, kSealKey);
  }
}

std::vector<int> WantedColumns(const ::parquet::FileMetaData& metadata, const ColumnFilter& is_wanted) {
  std::vector<int> columns;
  for (int i = 0; i < metadata.num_columns(); ++i) {
    if (!is_wanted || is_wanted(metadata.schema()->Column(i)->path()->ToDotString())) columns.push_back(i);
  }
  return columns;
}

std::unique_ptr<::parquet::arrow::FileReader> OpenReader(const std::string& bytes, arrow::MemoryPool* pool,
                                                         const std::string& name) {
  auto input = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int64_t>(bytes.size())));
  auto reader = ::parquet::arrow::OpenFile(input, pool);
  if (!reader.ok()) throw NoParquetFile(name, reader.status().message());
  return *std::move(reader);
}

void Require(const arrow::Status& status) {
  if (!status.ok()) throw base::IoError("cannot encode a Parquet file: {}", status.message());
}

// With the placeholder of a seal in its footer.
arrow::Status WriteSealable(const arrow::Table& table, const std::shared_ptr<arrow::io::OutputStream>& output,
                            const std::shared_ptr<::parquet::WriterProperties>& properties) {
  constexpr int64_t kRowGroupRowsMax = 1 << 20;
  ARROW_ASSIGN_OR_RAISE(auto writer, ::parquet::arrow::FileWriter::Open(*table.schema(), arrow::default_memory_pool(),
                                                                        output, properties));
  ARROW_RETURN_NOT_OK(writer->WriteTable(table, kRowGroupRowsMax));
  ARROW_RETURN_NOT_OK(writer->AddKeyValueMetadata(arrow::KeyValueMetadata::Make({kSealKey}, {base::kSealPlaceholder})));
  return writer->Close();
}

}  // namespace

std::shared_ptr<arrow::Table> DecodeFile(const std::string& bytes, const std::string& name,
                                         const ColumnFilter& is_wanted) {
  auto decoded = std::make_shared<Decoded>(BytesMax(bytes.size()));
  // libparquet reports some damage as a Status and some as an exception.
  try {
    auto reader = OpenReader(bytes, &decoded->pool, name);
    const auto& metadata = *reader->parquet_reader()->metadata();
    RequireIntact(bytes, metadata, name);
    reader->set_use_threads(metadata.num_rows() >= kRowsForThreads);
    auto table = reader->ReadTable(WantedColumns(metadata, is_wanted));
    if (!table.ok()) throw NoParquetFile(name, table.status().message());
    auto valid = (*table)->Validate();
    if (!valid.ok()) throw NoParquetFile(name, valid.message());
    decoded->table = *std::move(table);
    return {decoded, decoded->table.get()};
  } catch (const ::parquet::ParquetException& error) {
    throw NoParquetFile(name, error.what());
  }
}

std::string EncodeTable(const arrow::Table& table) {
  auto properties = ::parquet::WriterProperties::Builder()
                        .compression(arrow::Compression::ZSTD)
                        // Each value is another: a dictionary of them would be a detour.
                        ->disable_dictionary("add.path")
                        ->disable_dictionary("add.stats")
                        ->disable_dictionary("remove.path")
                        ->build();
  auto output = arrow::io::BufferOutputStream::Create();
  if (!output.ok()) throw base::IoError("cannot hold a Parquet file in memory: {}", output.status().message());
  Require(WriteSealable(table, *output, properties));
  auto buffer = (*output)->Finish();
  Require(buffer.status());
  std::string bytes = (*buffer)->ToString();
  base::Seal(bytes, bytes.rfind(base::kSealPlaceholder));
  return bytes;
}

}  // namespace qlake::parquet
